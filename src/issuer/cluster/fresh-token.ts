/** A token that the cluster signs now, for nobody: to see its issuer and key, and to try a signature. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { decodeSubjectToken } from '../../identity/decode-subject-token.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { requestToken } from '../../kubernetes/request-token.ts'

/** An audience that no verifier accepts, for the shortest lifetime that an API server grants. */
export const freshTokenRequest = { audience: 'pullpass.dev/issuer', lifeSeconds: 600 } as const

/** @throws TOKEN_REQUEST_REFUSED, TOKEN_MALFORMED, and what a cluster throws */
export async function freshToken(cluster: Cluster, account: NamespacedName): Promise<SubjectToken> {
  const { value } = await requestToken(cluster, account, freshTokenRequest)
  return decodeSubjectToken(value, `a token fresh from service account ${account.namespace}/${account.name}`)
}
