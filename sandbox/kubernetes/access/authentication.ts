/** Authentication of requests. https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
import type { SandboxRequest } from '../../serve/handler.ts'
import { unauthorized } from '../calls/status-error.ts'
import type { Cluster } from '../cluster.ts'
import { verifyServiceAccountToken } from '../tokens/service-account-token.ts'

export const anonymous = 'system:anonymous'

/** The user name: from a client certificate, a static token, or a service account token for the cluster's audience.
 *  @throws StatusError 401 for any other token; without a credential the user is anonymous */
export async function authenticate(
  cluster: Cluster,
  tokens: ReadonlyMap<string, string>,
  { clientName, headers }: SandboxRequest,
): Promise<string> {
  if (clientName) return clientName
  const [, token] = /^bearer +(\S+) *$/i.exec(headers['authorization'] ?? '') ?? []
  if (!token) return anonymous
  const name = tokens.get(token) ?? (await verifyServiceAccountToken(cluster, token))
  if (!name) throw unauthorized()
  return name
}
