/** Verifies an identity token against what a service trusts: signature, issuer, audience, subject and expiry. RFC 7519 §7.2. */
import { createPublicKey, verify } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'

/** What a service is configured to accept; tests change it. */
export interface TrustedIdentity {
  issuer: string
  subject: string
  /** undefined: the service does not check the audience. */
  audience: string | undefined
}

export interface IdentityClaims {
  readonly iss: string
  readonly sub: string
  readonly exp: number
}

export type Rejection = 'malformed' | 'issuer' | 'key' | 'signature' | 'audience' | 'expired' | 'subject'

export type IdentityVerdict = { readonly claims: IdentityClaims } | { readonly rejection: Rejection }

const skewSeconds = 60

export function verifyIdentity(
  token: string,
  trusted: TrustedIdentity,
  keys: JSONWebKeySet,
  now: Date,
): IdentityVerdict {
  const parts = token.split('.')
  const [header, claims] = parts.slice(0, 2).map(decode)
  if (parts.length !== 3 || header === undefined || claims === undefined) return { rejection: 'malformed' }
  const { iss, sub, aud, iat, exp } = claims
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number') return { rejection: 'malformed' }
  if (iss !== trusted.issuer) return { rejection: 'issuer' }
  const key = keys.keys.find(({ kid }) => kid === header['kid'])
  if (key === undefined) return { rejection: 'key' }
  if (!isSigned(parts, String(header['alg']), key)) return { rejection: 'signature' }
  if (trusted.audience !== undefined && ![aud].flat().includes(trusted.audience)) return { rejection: 'audience' }
  const seconds = now.getTime() / 1000
  if (exp + skewSeconds <= seconds || (typeof iat === 'number' && iat - skewSeconds > seconds)) {
    return { rejection: 'expired' }
  }
  return sub === trusted.subject ? { claims: { iss, sub, exp } } : { rejection: 'subject' }
}

/** Before it is verified; empty for a token without claims. */
export const claimsOf = (token: string): Record<string, unknown> => decode(token.split('.')[1] ?? '') ?? {}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function isSigned([header = '', payload = '', signature = '']: readonly string[], alg: string, jwk: object): boolean {
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const isElliptic = alg === 'ES256' && key.asymmetricKeyType === 'ec'
  if (!isElliptic && !(alg === 'RS256' && key.asymmetricKeyType === 'rsa')) return false
  const options = { key, ...(isElliptic && { dsaEncoding: 'ieee-p1363' as const }) }
  return verify('sha256', Buffer.from(`${header}.${payload}`), options, Buffer.from(signature, 'base64url'))
}
