/** A key's name by what it is, and not by its kid, which any server can give to any key. RFC 7638 §3. */
import { createHash } from 'node:crypto'
import type { IssuerKey } from './issuer-key.ts'

/** The required members of RFC 7638 §3.2, in their lexicographic order. */
const ofRsa = ['e', 'kty', 'n']
const ofCurve = ['crv', 'kty', 'x', 'y']

/** SHA-256, base64url: 43 characters. */
export function thumbprintOf({ type, members }: IssuerKey): string {
  const names = type === 'RSA' ? ofRsa : ofCurve
  const json = JSON.stringify(Object.fromEntries(names.map((name) => [name, members[name]])))
  return createHash('sha256').update(json).digest('base64url')
}
