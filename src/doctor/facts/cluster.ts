/** The connection to the cluster, once the API server responds and accepts the credential. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { reviewAccess } from '../../kubernetes/objects/review-access.ts'
import { defineSource, type Source } from '../hop.ts'

export interface ClusterFacts {
  /** undefined where it cannot be used. */
  readonly cluster: Cluster | undefined
  /** The URL of the API server. */
  readonly about: string
  readonly fault: PullpassError | undefined
}

/** With these, every other request fails in the same way. */
const fatal = [
  'KUBERNETES_UNREACHABLE',
  'KUBERNETES_UNAUTHENTICATED',
  'CERTIFICATE_UNTRUSTED',
  'REDIRECT_REFUSED',
  'RESPONSE_MALFORMED',
]

export const clusterSource: Source<ClusterFacts | undefined> = defineSource({
  needs: {},
  step: { hops: ['cluster'], of: 'cluster' },
  otherwise: undefined,
  async gather(_, { connection }) {
    if (connection instanceof PullpassError) return { cluster: undefined, about: 'kubeconfig', fault: connection }
    const about = connection.server
    // Every user may review its own access.
    const review = await reviewAccess(connection, { verb: 'list', resource: 'namespaces' }).catch(asFault)
    const isFatal = review instanceof PullpassError && fatal.includes(review.code)
    return isFatal ? { cluster: undefined, about, fault: review } : { cluster: connection, about, fault: undefined }
  },
})
