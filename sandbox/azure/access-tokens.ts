/** Access tokens that Microsoft Entra issued, with principal, resource and expiry. https://learn.microsoft.com/entra/identity-platform/access-tokens */
import { randomBytes } from 'node:crypto'
import { secondsOf, signJwt } from './sign-jwt.ts'

export interface AccessGrant {
  readonly principalId: string
  readonly clientId: string
  /** For which it was issued: `https://management.azure.com`. */
  readonly resource: string
  readonly expiresAt: Date
}

export interface AccessTokens {
  readonly grant: (grant: AccessGrant) => string
  /** Undefined for an unknown or expired token. */
  readonly holderOf: (accessToken: string) => AccessGrant | undefined
  /** Of a request with a bearer token for one of these resources. */
  readonly bearerOf: (
    headers: Readonly<Record<string, string>>,
    resources: readonly string[],
  ) => AccessGrant | undefined
}

export function createAccessTokens(tenantId: string, now: () => Date): AccessTokens {
  const granted = new Map<string, AccessGrant>()
  const key = randomBytes(32)
  const holderOf: AccessTokens['holderOf'] = (accessToken) => {
    const grant = granted.get(accessToken)
    return grant !== undefined && grant.expiresAt > now() ? grant : undefined
  }
  return {
    grant(grant) {
      const { resource, principalId, clientId, expiresAt } = grant
      const [iat, exp] = [secondsOf(now()), secondsOf(expiresAt)]
      const identity = { oid: principalId, sub: principalId, appid: clientId, tid: tenantId, ver: '1.0' }
      const claims = { aud: resource, iss: `https://sts.windows.net/${tenantId}/`, iat, nbf: iat, exp, ...identity }
      const accessToken = signJwt({ ...claims, uti: randomBytes(16).toString('base64url') }, key)
      granted.set(accessToken, grant)
      return accessToken
    },
    holderOf,
    bearerOf(headers, resources) {
      const grant = holderOf(/^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1] ?? '')
      return grant !== undefined && resources.includes(grant.resource) ? grant : undefined
    },
  }
}
