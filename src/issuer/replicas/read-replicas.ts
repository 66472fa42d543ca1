/** What each API server serves, and what it signs. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { freshToken } from '../cluster/fresh-token.ts'
import { type ClusterIssuer, readClusterIssuer } from '../cluster/read-cluster-issuer.ts'
import { askReplicas, type ReplicaAnswers } from './ask-replicas.ts'

export interface ReplicasWanted {
  readonly cluster: Cluster
  /** API servers; empty: those of the EndpointSlices of Service `kubernetes`. */
  readonly replicas: readonly URL[]
  /** Whose token is requested, for nobody, to see what signs. */
  readonly account: NamespacedName
  /** PEM: only API servers that these vouch for are asked; absent: those that the cluster's connection trusts. */
  readonly authorities?: readonly string[]
}

export interface ReplicaReading {
  /** `https://10.0.0.1:6443`. */
  readonly from: string
  readonly documents: ClusterIssuer | PullpassError
  readonly token: SubjectToken | PullpassError
}

/** Never rejects, but where the run ends. */
export const readReplicas = async (wanted: ReplicasWanted): Promise<ReplicaAnswers<ReplicaReading>> =>
  await askReplicas(wanted.cluster, wanted.replicas, {
    async ask(replica, from) {
      const [documents, token] = await Promise.all([
        readClusterIssuer(replica).catch(asFault),
        freshToken(replica, wanted.account).catch(asFault),
      ])
      return { from, documents, token }
    },
    isRead: ({ documents }) => !(documents instanceof PullpassError),
    ...(wanted.authorities && { authorities: wanted.authorities }),
    longestMs: 8_000,
  })
