/** Whether the API server answers and knows who asks, by what everybody may ask: else each later question fails the same. */

import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { reviewAccess } from '../../kubernetes/objects/review-access.ts'
import { failedBy } from '../failed-by.ts'
import type { Finding } from '../finding.ts'

export interface ProbedCluster {
  readonly cluster: Cluster | undefined
  readonly finding: Finding
}

/** Of these, nothing else can be asked. */
const deadly = [
  'KUBERNETES_UNREACHABLE',
  'KUBERNETES_UNAUTHENTICATED',
  'CERTIFICATE_UNTRUSTED',
  'REDIRECT_REFUSED',
  'RESPONSE_MALFORMED',
]

export async function probeCluster(cluster: Cluster | PullpassError): Promise<ProbedCluster> {
  if (cluster instanceof PullpassError)
    return { cluster: undefined, finding: failedBy('cluster', 'kubeconfig', cluster) }
  const about = cluster.server
  const answer = await reviewAccess(cluster, { verb: 'list', resource: 'namespaces' }).catch(asFault)
  if (answer instanceof PullpassError && deadly.includes(answer.code)) {
    return { cluster: undefined, finding: failedBy('cluster', about, answer) }
  }
  return {
    cluster,
    finding: { hop: 'cluster', about, result: 'ok', code: 'OK', seen: 'the API server answers, and knows who asks' },
  }
}
