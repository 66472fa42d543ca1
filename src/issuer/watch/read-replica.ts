/** What one API server serves and signs, asked over a connection of its own: replicas differ in the middle of a roll-out. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { freshToken } from '../cluster/fresh-token.ts'
import { type ClusterIssuer, readClusterIssuer } from '../cluster/read-cluster-issuer.ts'

export interface ReplicaReading {
  /** `https://10.0.0.1:6443`. */
  readonly from: string
  readonly documents: ClusterIssuer | PullpassError
  readonly token: SubjectToken | PullpassError
}

/** One that hangs must not keep the others' news waiting. */
const longestMs = 8_000

/** `address` undefined: whichever answers at the cluster's own. Never rejects, but where the run ends. */
export async function readReplica(
  cluster: Cluster,
  address: URL | undefined,
  account: NamespacedName,
): Promise<ReplicaReading> {
  const from = address?.href.replace(/\/$/, '') ?? cluster.server
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(tooSlow(from)), longestMs)
  const replica = cluster.reconnect({ ...(address && { address }), signal: over.signal })
  try {
    const [documents, token] = await Promise.all([
      readClusterIssuer(replica).catch(asFault),
      freshToken(replica, account).catch(asFault),
    ])
    return { from, documents, token }
  } finally {
    clearTimeout(timer)
    await replica.close()
  }
}

const tooSlow = (from: string) =>
  new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `the API server at ${from} did not answer within ${longestMs / 1000} s`,
    expected: 'its documents and a token',
    hint: 'see that this address is reachable from here, and that this API server is well',
    retryable: true,
  })
