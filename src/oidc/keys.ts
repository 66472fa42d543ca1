/** The public keys of an issuer's JWKS: parsed, merged, rendered, and used to verify a token. RFC 7517, RFC 7518 §6. */
import { createHash } from 'node:crypto'
import type { SubjectToken } from '../identity/subject-token.ts'
import { asList, asObject, asTexts, type JsonObject, jsonOrNone } from '../text/json-fields.ts'

export interface IssuerKey {
  /** Verifiers find a key by it; Kubernetes always gives one. */
  readonly keyId: string | undefined
  /** `RSA`, `EC`, or a type that a newer API server uses. */
  readonly type: string
  /** Of an RSA modulus; undefined for other keys. */
  readonly bits: number | undefined
  /** `P-256`; undefined for other than EC keys. */
  readonly curve: string | undefined
  /** `RS256`: stated, or the one that follows from the key. */
  readonly algorithm: string | undefined
  /** Only the members of the public key: never a private one. */
  readonly members: Readonly<Record<string, string>>
  /** Names of members that no verifier of tokens needs; some clouds refuse a key for them. */
  readonly otherMembers: readonly string[]
}

/** The same key, independent of its kid. */
export const sameKey = (one: IssuerKey, other: IssuerKey): boolean =>
  one.type === other.type && ['n', 'e', 'crv', 'x', 'y'].every((name) => one.members[name] === other.members[name])

const publicMembers = ['kty', 'alg', 'use', 'kid', 'n', 'e', 'crv', 'x', 'y']
/** Numbers have any length. Other members are shown in tables, and are bounded. */
const numbers = ['n', 'e', 'x', 'y']
/** Kids of Kubernetes have 43 characters; no issuer with more than 100 is known. */
const longestMember = 256
/** The most that a vendor reads of each type; an issuer does not publish more. */
const maxKeys = 500
const algorithmOfCurve: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/** In the order of the text; undefined where the text is not a JWKS at all. Entries that are not objects, and members that no verifier reads, are left out. */
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
    otherMembers: Object.keys(jwk).filter((name) => !publicMembers.includes(name)),
  }
}

function membersOf(jwk: JsonObject): Record<string, string> {
  const members = Object.entries(asTexts(jwk, (name) => publicMembers.includes(name)))
  return Object.fromEntries(members.filter(([name, text]) => numbers.includes(name) || text.length <= longestMember))
}

/** RFC 7518 §6.3.1.1: big-endian, without leading zeros. */
function bitsOf(modulus: string): number {
  const bytes = Buffer.from(modulus, 'base64url')
  const start = bytes.findIndex((byte) => byte !== 0)
  const [first = 0] = bytes.subarray(start)
  return start < 0 ? 0 : (bytes.length - start) * 8 - Math.clz32(first) + 24
}

// The union of keys: publishing only the keys of one replica would break the tokens of the others.

/** By kid, since verifiers find a key by it: of two with one kid the first stays, in order. */
export function mergeKeys(...sets: readonly (readonly IssuerKey[])[]): IssuerKey[] {
  const merged = new Map<string | undefined, IssuerKey>()
  for (const key of sets.flat()) if (!merged.has(key.keyId)) merged.set(key.keyId, key)
  return [...merged.values()]
}

/** A key as it is published: only the members that verifiers read. RFC 7517 §4, RFC 7518 §6. */
export function renderJwk({ members, algorithm }: IssuerKey): object {
  const { kty, kid, n, e, crv, x, y } = members
  return { kty, use: 'sig', alg: algorithm, kid, ...(kty === 'RSA' ? { n, e } : { crv, x, y }) }
}

// Whether a key can be published, and why not: a key that no cloud reads is left out, and is not an error.

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
  return bits < shortestBits ? `${bits} bits are too few: clouds require ${shortestBits}` : undefined
}

// A key's identifier by its material; any server can give any kid to any key. RFC 7638 §3.

/** The required members of RFC 7638 §3.2, in their lexicographic order. */
const ofRsa = ['e', 'kty', 'n']
const ofCurve = ['crv', 'kty', 'x', 'y']

/** SHA-256, base64url: 43 characters. */
export function thumbprintOf({ type, members }: IssuerKey): string {
  const names = type === 'RSA' ? ofRsa : ofCurve
  const json = JSON.stringify(Object.fromEntries(names.map((name) => [name, members[name]])))
  return createHash('sha256').update(json).digest('base64url')
}

// Whether a token was signed by one of these keys. RFC 7515 §5.2; only the signature is checked here.

/** `unknown-key`: no key has the token's kid. `unsupported`: a key or algorithm that Node cannot verify with. */
export type SignatureVerdict = 'verified' | 'wrong' | 'unknown-key' | 'unsupported'

export async function verifySignature(token: SubjectToken, keys: readonly IssuerKey[]): Promise<SignatureVerdict> {
  const key = keys.find(({ keyId }) => keyId !== undefined && keyId === token.keyId)
  if (key === undefined) return 'unknown-key'
  if (token.algorithm === undefined || !/^[RE]S(256|384|512)$/.test(token.algorithm)) return 'unsupported'
  const { compactVerify, importJWK, errors } = await import('jose')
  try {
    const imported = await importJWK({ ...key.members }, token.algorithm)
    await compactVerify(token.value.reveal(), imported, { algorithms: [token.algorithm] })
    return 'verified'
  } catch (error) {
    // Any other error means that this key cannot be used for this algorithm; its message varies.
    return error instanceof errors.JWSSignatureVerificationFailed ? 'wrong' : 'unsupported'
  }
}
