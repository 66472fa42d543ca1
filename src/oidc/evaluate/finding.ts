/** One thing about an issuer's public documents that a cloud minds, as data: its wording for people is the renderer's. */

/** Each has a line in docs/issuer.md, which a test compares. */
export const findingWords = [
  'ISSUER_UNUSABLE',
  'ISSUER_TOO_LONG',
  'ISSUER_PORT',
  'ISSUER_TRAILING_SLASH',
  'ISSUER_ADDRESS_PRIVATE',
  'CERTIFICATE_UNTRUSTED',
  'DISCOVERY_UNAVAILABLE',
  'DISCOVERY_REDIRECTED',
  'DISCOVERY_FORBIDDEN',
  'DISCOVERY_NOT_FOUND',
  'DISCOVERY_MALFORMED',
  'DISCOVERY_LARGE',
  'CONTENT_TYPE_INVALID',
  'CACHE_LIFETIME_MISSING',
  'CACHE_LIFETIME_LONG',
  'DISCOVERY_ISSUER_MISMATCH',
  'DISCOVERY_FIELD_MISSING',
  'JWKS_URI_INVALID',
  'ALGORITHM_UNLISTED',
  'KEYS_MISSING',
  'KEYS_UNUSABLE',
  'KEYS_TOO_MANY',
  'KEY_UNUSABLE',
  'PRIVATE_KEY_PUBLISHED',
  'KEY_ID_DUPLICATE',
  'KEY_MEMBER_UNEXPECTED',
  'TOKEN_ISSUER_MISMATCH',
  'KEY_UNPUBLISHED',
  'SIGNATURE_INVALID',
  'ALGORITHM_UNSUPPORTED',
  'TOKEN_EXPIRED',
  'AUDIENCE_NOT_SINGLE',
  'AUDIENCE_MISMATCH',
  'SUBJECT_TOO_LONG',
] as const

export type FindingWord = (typeof findingWords)[number]

/** `problem`: the cloud will not verify tokens. `warning`: it may not, or not always. */
export type FindingLevel = 'warning' | 'problem'

export interface IssuerFinding {
  readonly level: FindingLevel
  readonly word: FindingWord
  /** What was seen, with whole values; others' words come through `quote`. */
  readonly message: string
  readonly fix: string
}
