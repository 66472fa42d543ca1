/** Reads the stored state of an issuer's keys. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { readStoredConfigMap } from '../../kubernetes/config-map.ts'
import type { KeyMemory } from './key-memory.ts'
import { parseMemory } from './parse-memory.ts'

export interface StoredMemory extends KeyMemory {
  /** Of the whole ConfigMap, with its metadata; 0 if it does not exist. */
  readonly storedBytes: number
}

/** Empty if it does not exist. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function readMemory(
  cluster: Cluster,
  place: NamespacedName,
  patience?: Parameters<typeof readStoredConfigMap>[2],
): Promise<StoredMemory> {
  const { data, bytes } = await readStoredConfigMap(cluster, place, patience)
  return { ...parseMemory(data), storedBytes: bytes }
}
