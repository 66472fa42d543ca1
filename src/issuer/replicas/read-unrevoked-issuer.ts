/** A cluster's issuer with the keys that a cloud may believe: those of every API server, without what was revoked. */

import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { Log } from '../../outside/outside.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import { readMemory } from '../memory/read-memory.ts'
import { type AskedIssuer, readServedIssuer } from './read-served-issuer.ts'

interface UnrevokedIssuer extends AskedIssuer {
  /** By any of the memories; also of a key that is out already. */
  readonly isRevoked: (key: IssuerKey) => boolean
}

/**
 * For whoever uploads or registers keys at once, without watching. A leaked key that an API server still serves is not among
 * them, under whatever kid; where one of `memories` may not be read, nobody knows what leaked, and there is no answer. An API
 * server that does not answer is told of in the log, and its keys are missing: add these to what is there, and replace
 * nothing.
 * @throws what reading the documents throws, where no API server gave them; what reading the memory throws
 */
export async function readUnrevokedIssuer(
  cluster: Cluster,
  memories: readonly NamespacedName[],
  log: Log,
): Promise<UnrevokedIssuer> {
  const remembered = await Promise.all(memories.map((memory) => readMemory(cluster, memory)))
  const { keys, ...served } = await readServedIssuer(cluster, [], log)
  const known = (key: IssuerKey) => remembered.some((memory) => isRevoked(memory, key))
  return { ...served, keys: keys.filter((key) => !known(key)), isRevoked: known }
}
