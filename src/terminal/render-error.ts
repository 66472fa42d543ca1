/** An error as it is shown: three lines for people, one line of JSON where the log is JSON. */

import { fixOf, type PullpassError } from '../errors/pullpass-error.ts'
import { plainJson, plainLine } from '../text/plain-text.ts'

export interface ErrorForm {
  /** Absent: text. */
  readonly format: 'text' | 'json' | undefined
  readonly now: Date
}

/** `namespaces`: those that it reached, where it is about some. */
export function renderError(
  fault: PullpassError,
  { format, now }: ErrorForm,
  namespaces: readonly string[] = [],
): string {
  if (format !== 'json') return [fault.message, ...affected(namespaces)].join('\n')
  const { code, hop, seen, expected, also, retryable } = fault
  const reached = namespaces.length > 0 ? { namespaces } : {}
  const said = {
    time: now.toISOString(),
    level: 'error',
    message: seen,
    code,
    hop,
    expected,
    ...(also.length > 0 && { also }),
    fix: fixOf(fault),
    retryable,
    ...reached,
  }
  return plainJson(JSON.stringify(said))
}

/** One namespace is in the message already. */
const affected = (namespaces: readonly string[]) =>
  namespaces.length > 1 ? [plainLine(`  affects ${listNamespaces(namespaces)}`)] : []

const named = 10

/** `3 namespaces: a, b, c`; of many, the first ten by name. */
export function listNamespaces(namespaces: readonly string[]): string {
  const more = namespaces.length - named
  return `${namespaces.length} namespaces: ${namespaces.slice(0, named).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}
