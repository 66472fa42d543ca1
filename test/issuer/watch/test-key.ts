/** Keys by their kid, without a private half: for rules that only compare them. */
import type { IssuerKey } from '../../../src/oidc/keys.ts'

export const testKey = (keyId: string, modulus: string = keyId): IssuerKey => {
  const n = Buffer.alloc(256, `${modulus}!`).fill(0x80, 0, 1).toString('base64url')
  const members = { kty: 'RSA', kid: keyId, n, e: 'AQAB' }
  return { keyId, type: 'RSA', bits: 2048, curve: undefined, algorithm: 'RS256', members, otherMembers: [] }
}
