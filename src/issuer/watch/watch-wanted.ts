/** What is to be watched, and where it is to be public: the same for a command and for a controller. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { PublishTarget } from '../documents/publish-target.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import type { ReplicasWanted } from '../replicas/read-replicas.ts'
import type { TrustedAuthorities } from './authorities.ts'

export interface WatchWanted extends Omit<ReplicasWanted, 'authorities'> {
  readonly target: PublishTarget
  /** What strangers are told to expect as `iss`; undefined: where the target is read, or else the cluster's own. */
  readonly issuerUrl: string | undefined
  readonly memory: NamespacedName
  readonly keepForMs: number
  /** Who vouches for API servers. */
  readonly trusted: TrustedAuthorities
  /** Thumbprints of keys that --accept-key names. */
  readonly acceptedKeys: readonly string[]
  /** Told of each look's revocations before anything is written: whoever answers from memory does not wait for his store. */
  readonly withhold?: (memory: Pick<KeyMemory, 'revocations'>) => void
}
