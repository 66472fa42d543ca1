/** Signs and verifies service account tokens.
 *  https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims */
import { type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Cluster } from '../cluster.ts'
import { isRecord } from '../objects/kubernetes-object.ts'

export interface TokenOptions {
  readonly namespace: string
  readonly name: string
  readonly audiences: readonly string[]
  readonly lifeSeconds: number
  /** The object that the token is bound to, as a claim. */
  readonly pod?: { readonly name: string; readonly uid: string }
  readonly node?: { readonly name: string; readonly uid?: string }
  readonly secret?: { readonly name: string; readonly uid: string }
}

/** A token for a ServiceAccount, signed by the current key. @throws if the account does not exist */
export async function signServiceAccountToken(cluster: Cluster, options: TokenOptions): Promise<string> {
  const { namespace, name, pod, node, secret } = options
  const account = cluster.store.read('ServiceAccount', namespace, name)
  if (!account) throw new Error(`ServiceAccount ${namespace}/${name} does not exist`)
  const now = Math.floor(cluster.now().getTime() / 1000)
  const { kid, privateKey } = cluster.keys.current
  return new SignJWT({
    aud: [...options.audiences],
    exp: now + options.lifeSeconds,
    iat: now,
    iss: cluster.issuer,
    jti: cluster.newUid(),
    'kubernetes.io': {
      namespace,
      ...(node && { node }),
      ...(pod && { pod }),
      ...(secret && { secret }),
      serviceaccount: { name, uid: account.metadata.uid },
    },
    nbf: now,
    sub: usernameOf(namespace, name),
  })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(privateKey)
}

/** The user name of the account of a token; undefined if the API server would refuse the token. */
export async function verifyServiceAccountToken(cluster: Cluster, token: string): Promise<string | undefined> {
  const keyOf = ({ kid }: { kid?: string }) => {
    const found = cluster.keys.published.find((candidate) => candidate.kid === kid)
    if (!found) throw new Error(`no key ${kid ?? ''}`)
    return found.publicKey
  }
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      issuer: [cluster.issuer, ...cluster.acceptedIssuers],
      audience: [cluster.issuer, ...cluster.acceptedIssuers],
      currentDate: cluster.now(),
    })
    return accountOf(cluster, payload)
  } catch {
    // Every invalid token results in the same 401.
    return undefined
  }
}

/** The account must be the same object that the token was signed for. */
function accountOf({ store }: Cluster, { 'kubernetes.io': claims }: JWTPayload): string | undefined {
  if (!isRecord(claims) || !isRecord(claims['serviceaccount'])) return undefined
  const { namespace } = claims
  const { name, uid } = claims['serviceaccount']
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined
  return store.read('ServiceAccount', namespace, name)?.metadata.uid === uid ? usernameOf(namespace, name) : undefined
}

const usernameOf = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`
