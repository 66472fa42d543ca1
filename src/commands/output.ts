/** Results and errors for programs: the envelope of `-o json` and `-o yaml`, as the types in output/ describe it. */

import { fixOf, type PullpassError } from '../errors/pullpass-error.ts'
import { renderError } from '../terminal/render-error.ts'
import { renderJson, renderStructured } from '../terminal/render-structured.ts'
import { rfc3339 } from '../text/plain-text.ts'
import type { Call, ExitCode } from './command.ts'
import type { ErrorDetail, FatalError, Instant } from './output/envelope.ts'

export type OutputFormat = 'json' | 'yaml'

const apiVersion = 'pullpass.dev/v1alpha1'

/** Text without a line end. */
export const renderResult = async (result: { readonly kind: string }, format: OutputFormat): Promise<string> =>
  await renderStructured({ apiVersion, ...result }, format)

/** One of many: a line of JSON, or a YAML document that begins with `---`. */
export async function renderStreamed(result: { readonly kind: string }, format: OutputFormat): Promise<string> {
  return format === 'json'
    ? renderJson({ apiVersion, ...result }, 'line')
    : `---\n${await renderResult(result, 'yaml')}`
}

/** For the deadline of a process whose event loop is blocked: nothing can be loaded any more. */
export const renderJsonResult = (result: { readonly kind: string }): string => renderJson({ apiVersion, ...result })

export const fatalError = (fault: PullpassError): FatalError => ({ kind: 'Error', error: errorDetail(fault) })

export function errorDetail(fault: PullpassError): ErrorDetail {
  const { code, hop, seen, expected, also, command, retryable, retryAt } = fault
  const fix = fixOf(fault)
  return {
    code,
    hop,
    seen,
    ...(expected !== undefined && { expected }),
    ...(also.length > 0 && { also }),
    ...(fix !== undefined && { fix }),
    ...(command !== undefined && { command }),
    retryable,
    ...(retryAt !== undefined && { retryAt: instant(retryAt) }),
  }
}

/** To be spread into a result. */
export const errorOf = (fault: PullpassError | undefined): { error?: ErrorDetail } =>
  fault === undefined ? {} : { error: errorDetail(fault) }

export const instant = (at: Date): Instant => rfc3339(at)

export const overall = (exitCode: ExitCode): 'ok' | 'failed' => (exitCode === 0 ? 'ok' : 'failed')

/** A result as a table shows it: `would-create` is `would create`. */
export const resultText = (result: string): string => result.replaceAll('-', ' ')

/** Prints each distinct error on standard error. */
export function printErrors(
  found: readonly { readonly fault?: PullpassError | undefined }[],
  { common, context, terminal }: Pick<Call<Record<string, never>>, 'common' | 'context' | 'terminal'>,
): void {
  const form = { format: common['log-format'], now: context.now() }
  const faults = found.flatMap(({ fault }) => fault ?? [])
  const distinct = new Map(faults.map((fault) => [fault.message, fault]))
  for (const fault of distinct.values()) terminal.printError(renderError(fault, form))
}

/** `-o json` or `-o yaml` in words that may not be valid otherwise, so that the error about them has the same form. */
export function requestedFormat(words: readonly string[]): OutputFormat | undefined {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const given = words.slice(0, end).flatMap((word, at) => {
    if (word === '-o' || word === '--output') return words[at + 1] ?? []
    return /^(?:-o=?|--output=)(.+)$/.exec(word)?.[1] ?? []
  })
  const last = given.at(-1)
  return last === 'json' || last === 'yaml' ? last : undefined
}
