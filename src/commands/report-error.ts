/** An error as a part of a report. */
import type { PullpassError } from '../errors/pullpass-error.ts'
import { renderFault } from '../terminal/render-error.ts'
import type { Call } from './command.ts'

export function reportFault(fault: PullpassError | undefined): { error?: object } {
  if (fault === undefined) return {}
  const { code, hop, seen, expected, hint, retryable } = fault
  return { error: { code, hop, seen, expected, fix: hint, retryable } }
}

/** What went wrong, on standard error, each cause once. */
export function printFaults(
  found: readonly { readonly fault?: PullpassError | undefined }[],
  { common, context, terminal }: Pick<Call<Record<string, never>>, 'common' | 'context' | 'terminal'>,
): void {
  const form = { format: common['log-format'], now: context.now() }
  const faults = found.flatMap(({ fault }) => fault ?? [])
  const distinct = new Map(faults.map((fault) => [fault.message, fault]))
  for (const fault of distinct.values()) terminal.complain(renderFault(fault, form))
}
