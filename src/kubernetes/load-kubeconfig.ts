/**
 * Kubeconfig files, merged as kubectl does: whatever is named first counts, whole entries at a time.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
import { delimiter, resolve } from 'node:path'
import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Environment } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { whyUnreadable } from '../outside/read-regular-file.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import { type KubeconfigEntry, kubeconfigInvalid } from './kubeconfig-entry.ts'
import { readSmallFile } from './read-small-file.ts'

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
  if (present.length === 0) throw absent(paths, listed.length > 0 ? 'KUBECONFIG names' : 'looked for')
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
    // kubectl passes over files that are not there, so that one list serves many machines.
    if (error instanceof PullpassError && systemErrorCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

async function readKubeconfig(path: string): Promise<KubeconfigFile> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw kubeconfigInvalid({ seen: `${path} ${whyUnreadable(cause)}`, cause })
  })
  const content = asObject(await parse(text, path))
  if (!content) throw kubeconfigInvalid({ seen: `${path} holds no kubeconfig` })
  return { path, content }
}

/** YAML's parser costs more than everything else here, and tools that write JSON need not pay for it. */
async function parse(text: string, path: string): Promise<unknown> {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text)
  } catch {
    // not JSON: YAML's flow style begins like it
  }
  const { parse: parseYaml, YAMLParseError } = await import('yaml')
  try {
    // Its warnings go to standard error, and quote the line: none are wanted.
    return parseYaml(text, { maxAliasCount: 100, logLevel: 'error' })
  } catch (error) {
    // Its message quotes the line, which may hold a token: only the place is told.
    const place = error instanceof YAMLParseError ? error.linePos?.[0] : undefined
    throw kubeconfigInvalid({ seen: `${path}${place ? `:${place.line}:${place.col}` : ''} is not YAML` })
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

function absent(paths: readonly string[], who: string): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen: paths.length === 0 ? 'no kubeconfig is named' : `no kubeconfig is there: ${who} ${paths.join(', ')}`,
    expected: 'a kubeconfig, or the token and the variables that the kubelet gives a pod',
    hint: 'name one: --kubeconfig FILE, or KUBECONFIG; in a pod, mount its service account token',
  })
}
