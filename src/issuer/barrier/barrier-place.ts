/** Where a document says that its issuer is public, with what it takes to look there and to write. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { Outside } from '../../outside/outside.ts'
import type { PublishTarget } from '../documents/publish-target.ts'

export interface BarrierNeeds {
  readonly cluster: Cluster
  readonly outside: Outside
  /** In a dry run nothing is published: it is looked whether it could be. */
  readonly mode: 'write' | 'dry-run'
}

export interface BarrierPlace extends BarrierNeeds {
  readonly target: PublishTarget
  /** Undefined where a provider at a cloud holds the keys alone. */
  readonly issuer: string | undefined
  readonly memory: NamespacedName
}
