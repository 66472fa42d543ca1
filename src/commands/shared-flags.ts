/** Flags that several commands take, worded once. */
import type { LogLevel } from '../outside/outside.ts'
import type { Choice, Flag } from './flag.ts'

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
