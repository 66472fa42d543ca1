/** One text of a ConfigMap that several writers share: none overwrites what it did not see. */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { asObject, asText } from '../outside/json-fields.ts'
import type { Cluster } from './cluster.ts'
import { askConfigMap, configMapPath, createConfigMap } from './config-map.ts'
import { readAnswer } from './read-answer.ts'
import { readStatus } from './read-status.ts'

export interface ConfigMapEntry {
  /** Undefined where there is none of this key. */
  readonly text: string | undefined
  /** Of the whole ConfigMap; undefined where it is not there. */
  readonly resourceVersion: string | undefined
}

/** @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function readConfigMapEntry(cluster: Cluster, map: NamespacedName, key: string): Promise<ConfigMapEntry> {
  const answer = await askConfigMap(cluster, map, { method: 'GET', path: configMapPath(map) })
  if (answer.status === 404) return { text: undefined, resourceVersion: undefined }
  if (answer.status !== 200) throw readStatus(cluster, answer, { verb: 'get', resource: 'configmaps', ...map })
  const { metadata, data } = readAnswer(cluster, answer)
  return { text: asText(asObject(data)?.[key]), resourceVersion: asText(asObject(metadata)?.['resourceVersion']) }
}

/**
 * Writes where the ConfigMap is still as `seen`; `outrun` where somebody wrote it since.
 * @throws NAMESPACE_MISSING, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED
 */
export async function replaceConfigMapEntry(
  cluster: Cluster,
  map: NamespacedName,
  { key, text }: { readonly key: string; readonly text: string },
  { resourceVersion }: Pick<ConfigMapEntry, 'resourceVersion'>,
): Promise<'written' | 'outrun'> {
  const data = { [key]: text }
  if (resourceVersion === undefined) {
    return (await createConfigMap(cluster, map, data)) === 'created' ? 'written' : 'outrun'
  }
  const answer = await askConfigMap(cluster, map, {
    method: 'PATCH',
    path: `${configMapPath(map)}?fieldManager=pullpass`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { resourceVersion }, data }),
  })
  if (answer.status === 200) return 'written'
  if (answer.status === 409 || answer.status === 404) return 'outrun'
  throw readStatus(cluster, answer, { verb: 'patch', resource: 'configmaps', ...map })
}
