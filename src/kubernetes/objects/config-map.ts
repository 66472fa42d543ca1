/** A ConfigMap as a key-value store: read as a whole, written key by key. */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject, asText, asTexts } from '../../text/json-fields.ts'
import { shellOperand } from '../../text/shell.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterRequest, ClusterResponse } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'

export interface StoredConfigMap {
  readonly data: Record<string, string>
  /** Of the whole object, with its metadata, as JSON. */
  readonly bytes: number
}

/** Limits of a request and its retries; absent: the defaults of a connection. */
type TimeLimits = Pick<ClusterRequest, 'retryForMs' | 'timeoutMs'>

type ConfigMapWrite = TimeLimits & { readonly dryRun?: 'all' | 'none' }

/** Empty if it does not exist. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export const readConfigMap = async (cluster: Cluster, map: NamespacedName): Promise<Record<string, string>> =>
  (await readStoredConfigMap(cluster, map)).data

/** Empty if it does not exist. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function readStoredConfigMap(
  cluster: Cluster,
  map: NamespacedName,
  limits: TimeLimits = {},
): Promise<StoredConfigMap> {
  const response = await requestConfigMap(cluster, map, { method: 'GET', path: configMapPath(map), ...limits })
  if (response.status === 404) return { data: {}, bytes: 0 }
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'configmaps', ...map })
  return { data: asTexts(asObject(readResponse(cluster, response)['data'])), bytes: Buffer.byteLength(response.body) }
}

/**
 * Sets these keys, and removes those of `undefined`; others stay. The ConfigMap is created if it does not exist. `dryRun` all:
 * the API server authorizes, admits and validates the write, and stores nothing; an admission webhook that supports no dry run
 * does not evaluate the write, and is not an error.
 * @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, OBJECT_TOO_LARGE
 */
export async function writeConfigMap(
  cluster: Cluster,
  map: NamespacedName,
  changes: Readonly<Record<string, string | undefined>>,
  write: ConfigMapWrite = {},
): Promise<void> {
  try {
    await writeKeys(cluster, map, changes, write)
  } catch (fault) {
    const unsupported = fault instanceof PullpassError && fault.code === 'DRY_RUN_UNSUPPORTED'
    if (!unsupported || write.dryRun !== 'all') throw fault
  }
}

async function writeKeys(
  cluster: Cluster,
  map: NamespacedName,
  changes: Readonly<Record<string, string | undefined>>,
  { dryRun = 'none', ...limits }: ConfigMapWrite,
): Promise<void> {
  const kept = Object.entries(changes).filter(([, text]) => text !== undefined)
  // Absent, then present: another client was faster, or the response to a first attempt was lost.
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if ((await patch(cluster, map, { changes, dryRun, limits })) === 'patched' || kept.length === 0) return
    if ((await createConfigMap(cluster, map, Object.fromEntries(kept), dryRun)) === 'created') return
  }
  throw new PullpassError({
    code: 'KUBERNETES_REFUSED',
    hop: 'kubernetes',
    seen: `ConfigMap ${map.namespace}/${map.name} was created and deleted ${attempts} times while pullpass wrote it`,
    expected: 'a ConfigMap that is not deleted',
    hint: 'find what deletes it, for example in the audit log',
    retryable: true,
  })
}

const attempts = 5

/** A merge patch changes the keys that it names; concurrent writes of other keys are kept. */
async function patch(
  cluster: Cluster,
  map: NamespacedName,
  { changes, dryRun, limits }: { changes: object; dryRun: 'all' | 'none'; limits: TimeLimits },
): Promise<'patched' | 'absent'> {
  const response = await requestConfigMap(cluster, map, {
    ...limits,
    method: 'PATCH',
    path: `${configMapPath(map)}?${queryOf(dryRun)}`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ data: changes }, (_, value: unknown) => value ?? null), // null removes a key
  })
  if (response.status === 200) return 'patched'
  if (response.status === 404) return 'absent'
  throw readStatus(cluster, response, { verb: 'patch', resource: 'configmaps', ...map })
}

/** @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, OBJECT_TOO_LARGE */
async function createConfigMap(
  cluster: Cluster,
  map: NamespacedName,
  data: object,
  dryRun: 'all' | 'none' = 'none',
): Promise<'created' | 'exists'> {
  const response = await requestConfigMap(cluster, map, {
    method: 'POST',
    path: `${folderOf(map)}?${queryOf(dryRun)}`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...map, labels: { 'app.kubernetes.io/managed-by': 'pullpass' } },
      data,
    }),
  })
  if (response.status === 201) return 'created'
  if (response.status === 409) return 'exists'
  throw readStatus(cluster, response, { verb: 'create', resource: 'configmaps', ...map })
}

/** 1 MiB of texts and 256 KiB of annotations, each character of which JSON may write as six. */
const largestConfigMap = 8 * 1024 * 1024

/** Each response is the whole ConfigMap, with the entries of others. @throws RESPONSE_TOO_LARGE, and what a cluster throws */
async function requestConfigMap(
  cluster: Cluster,
  map: NamespacedName,
  request: ClusterRequest,
): Promise<ClusterResponse> {
  try {
    return await cluster.request({ ...request, maxResponseBytes: largestConfigMap })
  } catch (error) {
    throw error instanceof PullpassError && error.code === 'RESPONSE_TOO_LARGE' ? tooLarge(map, error) : error
  }
}

function tooLarge({ namespace, name }: NamespacedName, { code, hop, seen }: PullpassError): PullpassError {
  const words = [shellOperand(namespace, 'NAMESPACE'), shellOperand(name)]
  return new PullpassError({
    code,
    hop,
    seen: `${seen} for ConfigMap ${namespace}/${name}`,
    expected: 'a ConfigMap, which takes 1 MiB',
    hint: `find which entries fill it: kubectl -n ${words[0]} describe configmap ${words[1]}`,
  })
}

const queryOf = (dryRun: 'all' | 'none') => `fieldManager=pullpass${dryRun === 'all' ? '&dryRun=All' : ''}`
const folderOf = ({ namespace }: NamespacedName) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`
const configMapPath = (map: NamespacedName): string => `${folderOf(map)}/${encodeURIComponent(map.name)}`

/** One entry of a ConfigMap with several writers: none overwrites a state that it did not read. */
export interface ConfigMapEntry {
  /** Undefined if there is no such key. */
  readonly text: string | undefined
  /** Of the whole ConfigMap; undefined where it does not exist. */
  readonly resourceVersion: string | undefined
}

/** @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function readConfigMapEntry(cluster: Cluster, map: NamespacedName, key: string): Promise<ConfigMapEntry> {
  const response = await requestConfigMap(cluster, map, { method: 'GET', path: configMapPath(map) })
  if (response.status === 404) return { text: undefined, resourceVersion: undefined }
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'configmaps', ...map })
  const { metadata, data } = readResponse(cluster, response)
  return { text: asText(asObject(data)?.[key]), resourceVersion: asText(asObject(metadata)?.['resourceVersion']) }
}

/**
 * Writes only from this resourceVersion; `conflict` if the ConfigMap was changed since.
 * @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED
 */
export async function replaceConfigMapEntry(
  cluster: Cluster,
  map: NamespacedName,
  { key, text }: { readonly key: string; readonly text: string },
  { resourceVersion }: Pick<ConfigMapEntry, 'resourceVersion'>,
): Promise<'written' | 'conflict'> {
  const data = { [key]: text }
  if (resourceVersion === undefined) {
    return (await createConfigMap(cluster, map, data)) === 'created' ? 'written' : 'conflict'
  }
  const response = await requestConfigMap(cluster, map, {
    method: 'PATCH',
    path: `${configMapPath(map)}?fieldManager=pullpass`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { resourceVersion }, data }),
  })
  if (response.status === 200) return 'written'
  if (response.status === 409 || response.status === 404) return 'conflict'
  throw readStatus(cluster, response, { verb: 'patch', resource: 'configmaps', ...map })
}
