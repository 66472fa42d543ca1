/** Who asks. https://kubernetes.io/docs/reference/access-authn-authz/authentication/ */
import type { SandboxRequest } from '../../serve/handler.ts'
import { unauthorized } from '../calls/status-error.ts'
import type { Cluster } from '../cluster.ts'
import { verifyServiceAccountToken } from '../tokens/service-account-token.ts'

export const anonymous = 'system:anonymous'

/** The user's name: of a client certificate, a static token, or a token of the cluster's own for its own audience.
 *  @throws StatusError 401 for a token that is none of these; no credential at all is the anonymous user */
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
