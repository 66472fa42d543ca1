/** A key as it is published: the members that verifiers read, and nothing else. RFC 7517 §4, RFC 7518 §6. */
import type { IssuerKey } from './issuer-key.ts'

export function renderJwk({ members, algorithm }: IssuerKey): object {
  const { kty, kid, n, e, crv, x, y } = members
  return { kty, use: 'sig', alg: algorithm, kid, ...(kty === 'RSA' ? { n, e } : { crv, x, y }) }
}
