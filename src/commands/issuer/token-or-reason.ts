/** A token fresh from the cluster, or why it gives none: who may look or publish need not have the right to one. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { freshToken } from '../../issuer/cluster/fresh-token.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'

/** @throws TOKEN_MALFORMED, and what a cluster throws */
export async function tokenOrReason(cluster: Cluster, account: NamespacedName): Promise<SubjectToken | string> {
  try {
    return await freshToken(cluster, account)
  } catch (fault) {
    if (fault instanceof PullpassError && fault.code === 'TOKEN_REQUEST_REFUSED') return fault.seen
    throw fault
  }
}
