/** One problem of an issuer's public documents for a cloud, as data. */
import { shellVariable } from '../../text/shell.ts'

/** Each is explained in docs/errors.md, which a test compares. @internal */
export const issuerFindingCodes = [
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

export type IssuerFindingCode = (typeof issuerFindingCodes)[number]

/** `failed`: the cloud will not verify tokens. `warning`: it may not, or not always. */
export type IssuerFindingResult = 'warning' | 'failed'

export interface IssuerFinding {
  readonly result: IssuerFindingResult
  readonly code: IssuerFindingCode
  /** What was seen, with complete values; external text is quoted. */
  readonly seen: string
  /** As in errors: what to do, and the command that does it; at least one of them. */
  readonly fix?: string
  readonly command?: string
}

/** Writes the documents, and only keys and members that verifiers need. */
export const publishAgain: string = `pullpass issuer publish --to ${shellVariable('TARGET')}`
