/** Access tokens that Microsoft Entra issued, with principal, resource and expiry. Clients treat them as opaque. */
import { randomBytes } from 'node:crypto'

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

export function createAccessTokens(now: () => Date): AccessTokens {
  const granted = new Map<string, AccessGrant>()
  const holderOf: AccessTokens['holderOf'] = (accessToken) => {
    const grant = granted.get(accessToken)
    return grant !== undefined && grant.expiresAt > now() ? grant : undefined
  }
  return {
    grant(grant) {
      const accessToken = `eyJ0eXAiOiJKV1Qi.${randomBytes(600).toString('base64url')}.${randomBytes(32).toString('base64url')}`
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
