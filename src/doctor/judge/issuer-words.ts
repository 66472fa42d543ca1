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
  URL_UNUSABLE: discovery('an issuer that clouds can ask: an https URL, by a public name'),
  URL_TOO_LONG: discovery('a shorter issuer'),
  PORT_NAMED: discovery('an issuer without a port'),
  SLASH_AT_END: discovery('an issuer without a slash at its end'),
  ADDRESS_PRIVATE: discovery('an address that the internet leads to'),
  CERTIFICATE_UNTRUSTED: discovery('a certificate from an authority that clouds trust: a private one will not do'),
  DOCUMENT_UNREAD: discovery(served),
  DOCUMENT_REDIRECTED: discovery(served),
  DOCUMENT_NOT_PUBLIC: discovery(served),
  DOCUMENT_ABSENT: discovery(served),
  DOCUMENT_REFUSED: discovery(served),
  DOCUMENT_MALFORMED: discovery('the discovery document there, and at its jwks_uri a list of keys, both in JSON'),
  DOCUMENT_LARGE: discovery('a document of a few kilobytes'),
  CONTENT_TYPE_WRONG: discovery('a content type of JSON'),
  CACHE_LIFETIME_ABSENT: discovery('a time to be cached that verifiers can go by'),
  CACHE_LIFETIME_LONG: discovery('a time to be cached of minutes'),
  ISSUER_DIFFERS: discovery('one and the same text as in the token: clouds compare it letter by letter'),
  FIELD_MISSING: discovery('all five fields that the standard requires'),
  JWKS_URI_UNUSABLE: discovery('a jwks_uri by https, which anybody can read'),
  ALGORITHM_UNLISTED: discovery('every algorithm of the keys in the list'),
  KEYS_ABSENT: key('the keys that the cluster signs with'),
  KEYS_UNREADABLE: key('a key that clouds can read'),
  KEYS_TOO_MANY: key('as many keys as are read'),
  KEY_UNREADABLE: key('keys that clouds can read'),
  KEY_PRIVATE: key('the public half of a key, and nothing else'),
  KEY_ID_TWICE: key('each key once'),
  KEY_MEMBER_STRAY: key('keys without what no verifier needs'),
  TOKEN_KEY_UNPUBLISHED: key('that key among the published ones: after a rotation they are published anew'),
  TOKEN_SIGNATURE_WRONG: signature("the cluster's own key under this kid"),
  TOKEN_ALGORITHM_UNREADABLE: signature('an algorithm that clouds verify'),
  TOKEN_ISSUER_DIFFERS: 'of the token',
  TOKEN_EXPIRED: 'of the token',
  TOKEN_AUDIENCES_MANY: 'of the token',
  TOKEN_AUDIENCE_OTHER: 'of the token',
  TOKEN_SUBJECT_LONG: 'of the token',
}
