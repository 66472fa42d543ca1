/** What the cluster remembers of its issuer's keys. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { readConfigMap } from '../../kubernetes/config-map.ts'
import type { KeyMemory } from './key-memory.ts'
import { parseMemory } from './parse-memory.ts'

/** Empty where there is none. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function readMemory(cluster: Cluster, place: NamespacedName): Promise<KeyMemory> {
  return parseMemory(await readConfigMap(cluster, place))
}
