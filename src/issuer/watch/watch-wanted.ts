/** What is to be watched, and where it is to be public: the same for a command and for a controller. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { PublishTarget } from '../documents/publish-target.ts'

export interface WatchWanted {
  readonly cluster: Cluster
  readonly target: PublishTarget
  /** What strangers are told to expect as `iss`; undefined: where the target is read, or else the cluster's own. */
  readonly issuerUrl: string | undefined
  /** API servers; empty: those of the EndpointSlices of Service `kubernetes`. */
  readonly replicas: readonly URL[]
  /** Whose token is requested, for nobody, to see what signs. */
  readonly account: NamespacedName
  readonly memory: NamespacedName
  readonly keepForMs: number
}
