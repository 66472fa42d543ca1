/** What the cluster remembers of its issuer's keys, for who need not have the right to it. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { Log } from '../../outside/outside.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { emptyMemory, type KeyMemory } from './key-memory.ts'
import { readMemory } from './read-memory.ts'

/** Empty where it may not be read: then nobody knows here what was revoked, and it is said. */
export async function memoryOrNone(cluster: Cluster, place: NamespacedName, log: Log): Promise<KeyMemory> {
  try {
    return await readMemory(cluster, place)
  } catch (fault) {
    if (!(fault instanceof PullpassError) || fault.code !== 'KUBERNETES_FORBIDDEN') throw fault
    log('warn', 'what was revoked could not be read: a revoked key that the cluster still serves is published again', {
      seen: fault.seen,
      fix: fault.hint ?? '',
    })
    return emptyMemory
  }
}
