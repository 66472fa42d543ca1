/** Renders an error for standard error: as text, or as one line of JSON if the log is JSON. */

import type { PullpassError } from '../errors/pullpass-error.ts'
import { plainJson, plainLine } from '../text/plain-text.ts'

export interface ErrorForm {
  /** Absent: text. */
  readonly format: 'text' | 'json' | undefined
  readonly now: Date
}

/** `namespaces`: the affected namespaces. */
export function renderError(
  fault: PullpassError,
  { format, now }: ErrorForm,
  namespaces: readonly string[] = [],
): string {
  if (format !== 'json') return [fault.message, ...affected(namespaces)].join('\n')
  const { code, hop, seen, expected, also, hint, command, retryable } = fault
  const affectedNamespaces = namespaces.length > 0 ? { namespaces } : {}
  const line = {
    time: now.toISOString(),
    level: 'error',
    message: seen,
    code,
    hop,
    expected,
    ...(also.length > 0 && { also }),
    fix: hint,
    command,
    retryable,
    ...affectedNamespaces,
  }
  return plainJson(JSON.stringify(line))
}

/** The message contains a single namespace already. */
const affected = (namespaces: readonly string[]) =>
  namespaces.length > 1 ? [plainLine(`  affects ${listNamespaces(namespaces)}`)] : []

const named = 10

/** `3 namespaces: a, b, c`; at most ten names. */
export function listNamespaces(namespaces: readonly string[]): string {
  const more = namespaces.length - named
  return `${namespaces.length} namespaces: ${namespaces.slice(0, named).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}
