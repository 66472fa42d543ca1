/**
 * Kubeconfig files, merged as by kubectl: the first entry of a name is used as a whole.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
import { delimiter, dirname, resolve } from 'node:path'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode, whyUnreadable } from '../../host/read-file.ts'
import type { Environment } from '../../http/context.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { readSmallFile } from '../connection/certificates.ts'

export interface Kubeconfig {
  readonly files: readonly string[]
  readonly currentContext: string | undefined
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>
  readonly users: ReadonlyMap<string, KubeconfigEntry>
}

/** @throws KUBECONFIG_INVALID */
export async function loadKubeconfig(flag: string | undefined, environment: Environment): Promise<Kubeconfig> {
  if (flag !== undefined) return merge([await readKubeconfig(resolve(flag))])
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  const home = environment['HOME'] ?? environment['USERPROFILE']
  const paths = listed.length > 0 ? listed : home ? [`${home}/.kube/config`] : []
  const read = await Promise.all(paths.map((path) => readIfPresent(resolve(path))))
  const present = read.filter((file) => file !== undefined)
  if (present.length === 0) throw absent(paths, listed.length > 0 ? 'KUBECONFIG names' : 'the default is')
  return merge(present)
}

interface KubeconfigFile {
  readonly path: string
  readonly content: JsonObject
}

async function readIfPresent(path: string): Promise<KubeconfigFile | undefined> {
  try {
    return await readKubeconfig(path)
  } catch (error) {
    // kubectl ignores files that do not exist, so that one list can be used on many machines.
    if (error instanceof PullpassError && systemErrorCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

async function readKubeconfig(path: string): Promise<KubeconfigFile> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw kubeconfigInvalid({
      seen: `${path} ${whyUnreadable(cause)}`,
      hint: 'correct the path of the kubeconfig',
      cause,
    })
  })
  const content = asObject(await parse(text, path))
  if (!content) throw kubeconfigInvalid({ seen: `${path} contains no kubeconfig` })
  return { path, content }
}

/** The YAML parser is slow to load, and is not needed for JSON. */
async function parse(text: string, path: string): Promise<unknown> {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text)
  } catch {
    // not JSON: YAML in flow style begins the same
  }
  const { parse: parseYaml, YAMLParseError } = await import('yaml')
  try {
    // Its warnings quote the line on standard error: they are disabled.
    return parseYaml(text, { maxAliasCount: 100, logLevel: 'error' })
  } catch (error) {
    // Its message quotes the line, which may contain a token: only the position is reported.
    const position = error instanceof YAMLParseError ? error.linePos?.[0] : undefined
    throw kubeconfigInvalid({ seen: `${path}${position ? `:${position.line}:${position.col}` : ''} is not YAML` })
  }
}

function merge(files: readonly KubeconfigFile[]): Kubeconfig {
  const contexts = files.map(({ content }) => asText(content['current-context']))
  return {
    files: files.map(({ path }) => path),
    currentContext: contexts.find((name) => name !== undefined && name !== ''),
    contexts: entriesOf(files, 'contexts', 'context'),
    clusters: entriesOf(files, 'clusters', 'cluster'),
    users: entriesOf(files, 'users', 'user'),
  }
}

function entriesOf(files: readonly KubeconfigFile[], list: string, field: string): Map<string, KubeconfigEntry> {
  const entries = new Map<string, KubeconfigEntry>()
  for (const { path, content } of files) {
    for (const entry of asList(content[list])) {
      const name = asText(asObject(entry)?.['name'])
      const fields = asObject(asObject(entry)?.[field]) ?? {}
      if (name !== undefined && !entries.has(name)) entries.set(name, { fields, file: path })
    }
  }
  return entries
}

function absent(paths: readonly string[], source: string): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen: paths.length === 0 ? 'no kubeconfig is configured' : `no kubeconfig exists: ${source} ${paths.join(', ')}`,
    expected: 'a kubeconfig, or the token and the variables that the kubelet provides in a pod',
    hint: 'set --kubeconfig FILE or KUBECONFIG; in a pod, mount its service account token',
  })
}

/** The selected context, with the cluster and the user that it names. */
export interface ChosenContext {
  readonly name: string
  readonly cluster: KubeconfigEntry
  readonly user: KubeconfigEntry
}

/** The current context if none is `requested`. @throws KUBECONFIG_INVALID, with the existing contexts */
export function chooseContext(kubeconfig: Kubeconfig, requested: string | undefined): ChosenContext {
  const name = requested ?? kubeconfig.currentContext
  const files = kubeconfig.files.join(', ')
  const context = name === undefined ? undefined : kubeconfig.contexts.get(name)
  if (name === undefined || context === undefined) {
    throw kubeconfigInvalid({
      seen: `${files} has no ${name === undefined ? 'current-context' : `context ${showValue(name)}`}`,
      expected: `one of its contexts: ${[...kubeconfig.contexts.keys()].join(', ') || 'it has none'}`,
      hint: 'select a context with --context NAME, or another kubeconfig with --kubeconfig FILE',
    })
  }
  const find = (kind: 'cluster' | 'user') => {
    const named = textField(context, kind)
    if (named === undefined) throw kubeconfigInvalid({ seen: `context ${name} in ${files} names no ${kind}` })
    const entry = kubeconfig[`${kind}s`].get(named)
    if (entry) return entry
    throw kubeconfigInvalid({
      seen: `context ${name} names ${kind} ${showValue(named)}, which ${files} does not contain`,
    })
  }
  return { name, cluster: find('cluster'), user: textField(context, 'user') ? find('user') : withoutUser(context) }
}

/** `kubectl proxy` needs no user. */
const withoutUser = ({ file }: KubeconfigEntry): KubeconfigEntry => ({ fields: {}, file })

/** One named entry of a kubeconfig (a cluster, a user or a context), and its file. */
export interface KubeconfigEntry {
  readonly fields: JsonObject
  /** Paths in `fields` are relative to its folder. */
  readonly file: string
}

export function resolveFrom({ file }: KubeconfigEntry, path: string): string {
  return resolve(dirname(file), path)
}

/** An empty string counts as absent, as in kubectl. @throws KUBECONFIG_INVALID for a number, or another type */
export function textField({ fields, file }: KubeconfigEntry, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw kubeconfigInvalid({ seen: `${name} in ${file} is a ${typeof value}`, expected: 'text: put it in quotes' })
}

export function kubeconfigInvalid(fault: {
  seen: string
  expected?: string
  hint?: string
  cause?: unknown
}): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    expected: 'a kubeconfig, in YAML or JSON, with the cluster and user that its context names',
    hint: 'kubectl config view shows what kubectl reads; --context NAME selects another context',
    ...fault,
  })
}
