/** Flags that several commands take, worded once. */

import type { NamespacedName } from '../document/document.ts'
import { brokenRule } from '../document/field-rules.ts'
import { labelName, objectName } from '../document/kubernetes-names.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { LogLevel } from '../http/context.ts'
import { parseDuration } from '../text/nearest.ts'
import { quote } from '../text/quote.ts'
import { type Choice, type Flag, usageFault } from './flag.ts'

/** Taken by every command. */
export const commonFlags: {
  readonly timeout: Flag & { type: 'string' }
  readonly 'ca-file': Flag & { type: 'string' }
  readonly 'log-level': Choice<LogLevel>
  readonly 'log-format': Choice<'text' | 'json'>
  readonly help: Flag & { type: 'boolean' }
} = {
  timeout: { type: 'string', value: 'DURATION', summary: 'End the whole run after this long' },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    summary: 'Trust these certificates too, for clouds and registries (PULLPASS_CA_FILE)',
  },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    choices: ['error', 'warn', 'info', 'debug'],
    summary: 'Least level of the log on standard error (default warn)',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    choices: ['text', 'json'],
    summary: 'Form of the log (default text)',
  },
  help: { type: 'boolean', short: 'h', summary: 'Show this help' },
}

/** Of `--timeout`, by a command's life: what runs until it is stopped has none. */
export const defaultTimeout = { 'one-shot': '5m', 'until-stopped': undefined } as const

export const documentFlags: { readonly file: Flag & { type: 'string'; multiple: true } } = {
  file: {
    type: 'string',
    multiple: true,
    short: 'f',
    value: 'FILE',
    summary: 'Documents: a file, a folder, or - for standard input; repeatable',
  },
}

export const clusterFlags: {
  readonly kubeconfig: Flag & { type: 'string' }
  readonly context: Flag & { type: 'string' }
} = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    summary: 'The cluster (default: KUBECONFIG, the pod it runs in, ~/.kube/config)',
  },
  context: { type: 'string', value: 'NAME', summary: "The kubeconfig's context (default: its current one)" },
}

export const outputFlags: { readonly output: Choice<'json' | 'yaml'> } = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml'],
    summary: 'Print for programs (default: a table for people)',
  },
}

// A flag that is a duration.

/** Milliseconds, more than none. @throws USAGE_INVALID */
export function readDuration(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected: 'hours, minutes and seconds, more than none, such as 90s, 5m or 1h30m',
  })
}

// `NAMESPACE/NAME`, as a command line names an object of the cluster.

/** `kind` and `command` are for the message. @throws USAGE_INVALID */
export function parseNamespacedName(text: string, kind: string, command: string): NamespacedName {
  const wrong = (expected: string) => usageFault(command, `${quote(text)} is no name of a ${kind}`, expected)
  const [namespace = '', name, ...more] = text.split('/')
  if (name === undefined || more.length > 0) throw wrong('NAMESPACE/NAME')
  const broken = brokenRule(labelName, namespace) ?? brokenRule(objectName, name)
  if (broken !== undefined) throw wrong(`NAMESPACE/NAME, each of ${broken}`)
  return { namespace, name }
}
