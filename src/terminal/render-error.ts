/** Renders an error for standard error: as text, or as one line of JSON if the log is JSON. */

import { type PullpassError, withFix } from '../errors/pullpass-error.ts'
import { plainJson, plainLine } from '../text/plain-text.ts'
import { shellQuote } from '../text/shell.ts'

export interface ErrorForm {
  /** Absent: text. */
  readonly format: 'text' | 'json' | undefined
  readonly now: Date
  /** The flags of the command line that select the cluster, for the commands in the fix. */
  readonly cluster?: readonly string[]
}

/** `namespaces`: the affected namespaces. */
export function renderError(
  described: PullpassError,
  { format, now, cluster = [] }: ErrorForm,
  namespaces: readonly string[] = [],
): string {
  const fault = inCluster(described, cluster)
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

/** Programs of a printed command that would otherwise use the cluster of the current context. */
const ofCluster =
  /(?<=^|&& |\| )(?:kubectl|pullpass (?:refresh|status|doctor|issuer (?:show|publish|revoke)|trust (?:plan|apply)))(?= |$)/g

/** The error, whose command uses the cluster that these flags select. */
export function inCluster(fault: PullpassError, flags: readonly string[]): PullpassError {
  const { command } = fault
  return command === undefined || flags.length === 0
    ? fault
    : withFix(fault, { hint: fault.hint, command: commandInCluster(command, flags) })
}

/** Flags of kubectl may precede its command. A command that selects its cluster, or prints help, stays as it is. */
export const commandInCluster = (command: string, flags: readonly string[]): string =>
  flags.length === 0 || / --(?:kubeconfig|context|help)(?: |$)/.test(command)
    ? command
    : command.replace(ofCluster, (program) => `${program} ${flags.map(shellQuote).join(' ')}`)
