/** One thing about an issuer's public documents that a cloud minds, as data: its wording for people is the renderer's. */

/** Each with its line in docs/issuer.md: a test holds both equal. */
export const findingWords = [
  'URL_UNUSABLE',
  'URL_TOO_LONG',
  'PORT_NAMED',
  'SLASH_AT_END',
  'ADDRESS_PRIVATE',
  'CERTIFICATE_UNTRUSTED',
  'DOCUMENT_UNREAD',
  'DOCUMENT_REDIRECTED',
  'DOCUMENT_NOT_PUBLIC',
  'DOCUMENT_ABSENT',
  'DOCUMENT_REFUSED',
  'DOCUMENT_MALFORMED',
  'DOCUMENT_LARGE',
  'CONTENT_TYPE_WRONG',
  'CACHE_LIFETIME_ABSENT',
  'CACHE_LIFETIME_LONG',
  'ISSUER_DIFFERS',
  'FIELD_MISSING',
  'JWKS_URI_UNUSABLE',
  'ALGORITHM_UNLISTED',
  'KEYS_ABSENT',
  'KEYS_UNREADABLE',
  'KEYS_TOO_MANY',
  'KEY_UNREADABLE',
  'KEY_PRIVATE',
  'KEY_ID_TWICE',
  'KEY_MEMBER_STRAY',
  'TOKEN_ISSUER_DIFFERS',
  'TOKEN_KEY_UNPUBLISHED',
  'TOKEN_SIGNATURE_WRONG',
  'TOKEN_ALGORITHM_UNREADABLE',
  'TOKEN_EXPIRED',
  'TOKEN_AUDIENCES_MANY',
  'TOKEN_AUDIENCE_OTHER',
  'TOKEN_SUBJECT_LONG',
] as const

export type FindingWord = (typeof findingWords)[number]

/** `problem`: the cloud will not verify tokens. `warning`: it may not, or not always. */
export type FindingLevel = 'warning' | 'problem'

export interface IssuerFinding {
  readonly level: FindingLevel
  readonly word: FindingWord
  /** What was seen, with whole values; others' words come through `quote`. */
  readonly says: string
  readonly fix: string
}
