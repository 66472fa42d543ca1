/** Flags that several commands share. */
import type { NamespacedName } from '../../document/document.ts'
import { brokenRule } from '../../document/field-rules.ts'
import { labelName, objectName } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { LogLevel } from '../../http/context.ts'
import { parseDuration } from '../../text/time.ts'
import { type Choice, type Flag, type FlagValues, usageFault } from './flag.ts'

/** Flags of every command. */
export const commonFlags: {
  readonly timeout: Flag & { type: 'string' }
  readonly 'ca-file': Flag & { type: 'string' }
  readonly 'log-level': Choice<LogLevel>
  readonly 'log-format': Choice<'text' | 'json'>
  readonly help: Flag & { type: 'boolean' }
} = {
  timeout: { type: 'string', value: 'DURATION', summary: 'Maximum duration of the whole run' },
  'ca-file': {
    type: 'string',
    value: 'FILE',
    summary: 'File with additional certificate authorities for clouds and registries (PULLPASS_CA_FILE)',
  },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    choices: ['error', 'warn', 'info', 'debug'],
    summary: 'Minimum level of log messages on standard error',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    choices: ['text', 'json'],
    summary: 'Format of log messages (default text)',
  },
  help: { type: 'boolean', short: 'h', summary: 'Print this help' },
}

/** Default of `--log-level`: the log of a long-running command is its only output. */
export const defaultLogLevel = { 'one-shot': 'warn', 'until-stopped': 'info' } as const

/** Default of `--timeout`; long-running commands have none. */
export const defaultTimeout = { 'one-shot': '5m', 'until-stopped': undefined } as const

export const documentFlags: { readonly file: Flag & { type: 'string'; multiple: true } } = {
  file: {
    type: 'string',
    multiple: true,
    short: 'f',
    value: 'FILE',
    summary: 'File or folder with documents; "-" reads standard input; repeatable',
  },
}

export const clusterFlags: {
  readonly kubeconfig: Flag & { type: 'string' }
  readonly context: Flag & { type: 'string' }
} = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    summary: 'Path of the kubeconfig file (default: KUBECONFIG, the Pod, ~/.kube/config)',
  },
  context: { type: 'string', value: 'NAME', summary: 'Kubeconfig context (default: the current context)' },
}

/** The flag that selects a cluster, if one is given: for commands that do not read it. */
export const givenClusterFlag = ({
  kubeconfig,
  context,
}: FlagValues<typeof clusterFlags>): '--kubeconfig' | '--context' | undefined =>
  kubeconfig ? '--kubeconfig' : context ? '--context' : undefined

/** The flags that select one cluster, as given; empty for several contexts. */
export function clusterWords(flags: object): string[] {
  const { kubeconfig, context }: { readonly kubeconfig?: unknown; readonly context?: unknown } = flags
  const contexts = [context].flat()
  if (contexts.length > 1) return []
  return [
    ...(typeof kubeconfig === 'string' ? ['--kubeconfig', kubeconfig] : []),
    ...contexts.flatMap((one) => (typeof one === 'string' ? ['--context', one] : [])),
  ]
}

export const outputFlags: { readonly output: Choice<'json' | 'yaml'> } = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml'],
    summary: 'Output format (default: a table)',
  },
}

/** The token file of the run, for registries without one of their own. */
export const tokenFileFlag: { readonly 'token-file': Flag & { type: 'string' } } = {
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: 'File with the subject token (PULLPASS_TOKEN_FILE; default /var/run/secrets/tokens/oidc-token)',
  },
}

/** Output of commands that print Kubernetes objects. */
export const objectOutputFlag: { readonly output: Choice<'yaml' | 'json'> } = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['yaml', 'json'],
    summary: 'Output format: YAML documents (default), or a v1 List in JSON',
  },
}

// Durations

/** In milliseconds, at least a second. @throws USAGE_INVALID */
export function readDuration(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1_000) return ms
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected: 'a duration of at least 1s, such as 90s, 5m or 1h30m',
    ...(/^[1-9]\d{0,5}$/.test(text) && { hint: `add a unit: ${flag} ${text}m for minutes` }),
  })
}

// Names of Kubernetes objects

/** `source` is where the text is, for the message: `--pod`. @throws USAGE_INVALID */
export function parseNamespacedName(text: string, source: string, command: string): NamespacedName {
  const wrong = (expected: string) => usageFault(command, `${source} is ${showValue(text)}`, expected)
  const [namespace = '', name, ...more] = text.split('/')
  if (name === undefined || more.length > 0) throw wrong('NAMESPACE/NAME')
  const broken = brokenRule(labelName, namespace) ?? brokenRule(objectName, name)
  if (broken !== undefined) throw wrong(`NAMESPACE/NAME, each of ${broken}`)
  return { namespace, name }
}
