/** The keys of a JWKS. RFC 7517 §5. */
import { asList, asObject, asTexts, type JsonObject, jsonOrNone } from '../../outside/json-fields.ts'
import type { IssuerKey } from './issuer-key.ts'

const publicMembers = ['kty', 'alg', 'use', 'kid', 'n', 'e', 'crv', 'x', 'y']
/** Numbers: as long as the whole may be. Everything else is a word, which is shown in tables. */
const numbers = ['n', 'e', 'x', 'y']
/** Kubernetes' kids have 43 characters, and no issuer is known whose have more than 100. */
const longestWord = 256
/** AWS reads 100 of each kind; whoever sends more is no issuer. */
const maxKeys = 500
const algorithmOfCurve: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/** In the order of the text; undefined where the text is no JWKS at all. What is no object, and no word that anybody reads, is left out. */
export function parseJwks(text: string): readonly IssuerKey[] | undefined {
  const keys = asObject(jsonOrNone(text))?.['keys']
  if (!Array.isArray(keys) || keys.length > maxKeys) return undefined
  return asList(keys).flatMap((key) => {
    const object = asObject(key)
    return object === undefined ? [] : [parseKey(object)]
  })
}

function parseKey(jwk: JsonObject): IssuerKey {
  const members = membersOf(jwk)
  const { kty: type = 'unknown', crv: curve, n } = members
  return {
    keyId: members['kid'] || undefined,
    type,
    bits: type === 'RSA' && n !== undefined ? bitsOf(n) : undefined,
    curve: type === 'EC' ? curve : undefined,
    algorithm: members['alg'] ?? (type === 'RSA' ? 'RS256' : algorithmOfCurve[curve ?? '']),
    members,
    stray: Object.keys(jwk).filter((name) => !publicMembers.includes(name)),
  }
}

function membersOf(jwk: JsonObject): Record<string, string> {
  const members = Object.entries(asTexts(jwk, (name) => publicMembers.includes(name)))
  return Object.fromEntries(members.filter(([name, text]) => numbers.includes(name) || text.length <= longestWord))
}

/** RFC 7518 §6.3.1.1: big-endian, without leading zeros. */
function bitsOf(modulus: string): number {
  const bytes = Buffer.from(modulus, 'base64url')
  const start = bytes.findIndex((byte) => byte !== 0)
  const [first = 0] = bytes.subarray(start)
  return start < 0 ? 0 : (bytes.length - start) * 8 - Math.clz32(first) + 24
}
