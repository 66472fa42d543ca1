/**
 * At which hop doctor tells what `pullpass issuer check` finds of an issuer, in its words, and what was expected there:
 * docs/issuer.md explains them. What it finds of the token alone is judged by the documents, at subject-token.
 */
import type { FindingWord } from '../../oidc/evaluate/finding.ts'

export type IssuerHop = 'discovery' | 'key' | 'signature'

export interface IssuerWord {
  readonly hop: IssuerHop
  readonly expected: string
}

const discovery = (expected: string): IssuerWord => ({ hop: 'discovery', expected })
const key = (expected: string): IssuerWord => ({ hop: 'key', expected })
const signature = (expected: string): IssuerWord => ({ hop: 'signature', expected })

const served = 'the document itself, for anybody, without a redirect'

export const issuerWords: Readonly<Record<FindingWord, IssuerWord | 'of the token'>> = {
  ISSUER_UNUSABLE: discovery('an issuer that clouds can ask: an https URL, by a public name'),
  ISSUER_TOO_LONG: discovery('a shorter issuer'),
  ISSUER_PORT: discovery('an issuer without a port'),
  ISSUER_TRAILING_SLASH: discovery('an issuer without a slash at its end'),
  ISSUER_ADDRESS_PRIVATE: discovery('an address that the internet leads to'),
  CERTIFICATE_UNTRUSTED: discovery('a certificate from an authority that clouds trust: a private one will not do'),
  DISCOVERY_REDIRECTED: discovery(served),
  DISCOVERY_FORBIDDEN: discovery(served),
  DISCOVERY_NOT_FOUND: discovery(served),
  DISCOVERY_UNAVAILABLE: discovery(served),
  DISCOVERY_MALFORMED: discovery('the discovery document there, and at its jwks_uri a list of keys, both in JSON'),
  DISCOVERY_LARGE: discovery('a document of a few kilobytes'),
  CONTENT_TYPE_INVALID: discovery('a content type of JSON'),
  CACHE_LIFETIME_MISSING: discovery('a time to be cached that verifiers can go by'),
  CACHE_LIFETIME_LONG: discovery('a time to be cached of minutes'),
  DISCOVERY_ISSUER_MISMATCH: discovery('one and the same text as in the token: clouds compare it letter by letter'),
  DISCOVERY_FIELD_MISSING: discovery('all five fields that the standard requires'),
  JWKS_URI_INVALID: discovery('a jwks_uri by https, which anybody can read'),
  ALGORITHM_UNLISTED: discovery('every algorithm of the keys in the list'),
  KEYS_MISSING: key('the keys that the cluster signs with'),
  KEYS_UNUSABLE: key('a key that clouds can read'),
  KEYS_TOO_MANY: key('as many keys as are read'),
  KEY_UNUSABLE: key('keys that clouds can read'),
  PRIVATE_KEY_PUBLISHED: key('the public half of a key, and nothing else'),
  KEY_ID_DUPLICATE: key('each key once'),
  KEY_MEMBER_UNEXPECTED: key('keys without what no verifier needs'),
  KEY_UNPUBLISHED: key('that key among the published ones: after a rotation they are published anew'),
  SIGNATURE_INVALID: signature("the cluster's own key under this kid"),
  ALGORITHM_UNSUPPORTED: signature('an algorithm that clouds verify'),
  TOKEN_ISSUER_MISMATCH: 'of the token',
  TOKEN_EXPIRED: 'of the token',
  AUDIENCE_NOT_SINGLE: 'of the token',
  AUDIENCE_MISMATCH: 'of the token',
  SUBJECT_TOO_LONG: 'of the token',
}
