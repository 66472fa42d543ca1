/** Whether a key can stand in a published JWKS, and why not: what no cloud reads is left out, never a reason to fail. */
import type { IssuerKey } from './issuer-key.ts'

/** Every cloud that reads elliptic curves at all reads these. RFC 7518 §3.1. */
const curves = ['P-256', 'P-384', 'P-521']
const shortestBits = 2048

/** A reason that follows "it is left out:"; undefined for a key that verifiers can use. */
export function whyUnusable({ keyId, type, bits, curve, members }: IssuerKey): string | undefined {
  if (keyId === undefined) return 'it has no kid, by which verifiers find it, or one of more than 256 characters'
  if (members['use'] !== undefined && members['use'] !== 'sig') return `it is for use ${members['use']}, not sig`
  if (type === 'RSA') return whyUnusableRsa(bits, members)
  if (type !== 'EC') return `no cloud reads keys of kind ${type}`
  if (!curves.includes(curve ?? '')) return `no cloud reads its curve, ${curve ?? 'which it does not name'}`
  return members['x'] && members['y'] ? undefined : 'it lacks its point'
}

function whyUnusableRsa(bits: number | undefined, members: IssuerKey['members']): string | undefined {
  if (bits === undefined || !members['e']) return 'it lacks its modulus or exponent'
  return bits < shortestBits ? `${bits} bits are too few: clouds ask for ${shortestBits}` : undefined
}
