/** What went wrong, on standard error, each cause once. */
import type { PullpassError } from '../../outside/pullpass-error.ts'
import { renderFault } from '../../terminal/render-fault.ts'
import type { Call } from '../command.ts'

export function printFaults(
  found: readonly { readonly fault?: PullpassError | undefined }[],
  { common, outside, terminal }: Pick<Call<Record<string, never>>, 'common' | 'outside' | 'terminal'>,
): void {
  const form = { format: common['log-format'], now: outside.now() }
  const faults = found.flatMap(({ fault }) => fault ?? [])
  const distinct = new Map(faults.map((fault) => [fault.message, fault]))
  for (const fault of distinct.values()) terminal.complain(renderFault(fault, form))
}
