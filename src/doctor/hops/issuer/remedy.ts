/**
 * For each code of `pullpass issuer check`: the hop at which doctor reports it, what is expected there, and the fix. Codes of
 * the token alone are evaluated with the documents, at hop `subject-token`.
 */
import { defaultKeyStateRef } from '../../../document/document.ts'
import type { IssuerFindingCode } from '../../../oidc/evaluate/finding.ts'
import type { PublicFacts } from '../../../oidc/public/public-facts.ts'
import type { NamedPublication } from '../../facts/issuers.ts'
import type { Remedy } from '../../finding.ts'
import type { PrintedCommands } from '../../printed-commands.ts'

export type IssuerHop = 'discovery' | 'key' | 'signature'

export interface IssuerCode {
  readonly hop: IssuerHop
  readonly expected: string
}

const discovery = (expected: string): IssuerCode => ({ hop: 'discovery', expected })
const key = (expected: string): IssuerCode => ({ hop: 'key', expected })
const signature = (expected: string): IssuerCode => ({ hop: 'signature', expected })

const served = 'the document itself, without authentication or redirect'

export const issuerCodes: Readonly<Record<IssuerFindingCode, IssuerCode | 'of the token'>> = {
  ISSUER_UNUSABLE: discovery('an issuer that clouds can read: an https URL with a public host'),
  ISSUER_TOO_LONG: discovery('a shorter issuer'),
  ISSUER_PORT: discovery('an issuer without a port'),
  ISSUER_TRAILING_SLASH: discovery('an issuer without a trailing slash'),
  ISSUER_ADDRESS_PRIVATE: discovery('a public address'),
  CERTIFICATE_UNTRUSTED: discovery('a certificate of a public authority'),
  DISCOVERY_REDIRECTED: discovery(served),
  DISCOVERY_FORBIDDEN: discovery(served),
  DISCOVERY_NOT_FOUND: discovery(served),
  DISCOVERY_UNAVAILABLE: discovery(served),
  DISCOVERY_MALFORMED: discovery('the discovery document, and at its jwks_uri a JWKS, both in JSON'),
  DISCOVERY_LARGE: discovery('a document of a few kilobytes'),
  CONTENT_TYPE_INVALID: discovery('a content type of JSON'),
  CACHE_LIFETIME_MISSING: discovery('a Cache-Control header with a max-age'),
  CACHE_LIFETIME_LONG: discovery('a max-age of minutes'),
  DISCOVERY_ISSUER_MISMATCH: discovery('exactly the issuer of the token: clouds compare it character by character'),
  DISCOVERY_FIELD_MISSING: discovery('all five required fields'),
  JWKS_URI_INVALID: discovery('an https jwks_uri, readable without authentication'),
  ALGORITHM_UNLISTED: discovery('the algorithm of every key in the list'),
  KEYS_MISSING: key('the signing keys of the cluster'),
  KEYS_UNUSABLE: key('a key that clouds can read'),
  KEYS_TOO_MANY: key('no more keys than are read'),
  KEY_UNUSABLE: key('keys that clouds can read'),
  PRIVATE_KEY_PUBLISHED: key('only the public part of a key'),
  KEY_ID_DUPLICATE: key('each key once'),
  KEY_MEMBER_UNEXPECTED: key('keys with only the members that verifiers need'),
  KEY_UNPUBLISHED: key('that key among the published ones; publish the keys again after a rotation'),
  SIGNATURE_INVALID: signature('the key of the cluster under this kid'),
  ALGORITHM_UNSUPPORTED: signature('an algorithm that clouds can verify'),
  TOKEN_ISSUER_MISMATCH: 'of the token',
  TOKEN_EXPIRED: 'of the token',
  AUDIENCE_NOT_SINGLE: 'of the token',
  AUDIENCE_MISMATCH: 'of the token',
  SUBJECT_TOO_LONG: 'of the token',
}

/** The target contains something else, which is overwritten only with --adopt. */
const foreign: readonly string[] = [
  'DISCOVERY_MALFORMED',
  'DISCOVERY_ISSUER_MISMATCH',
  'JWKS_URI_INVALID',
  'SIGNATURE_INVALID',
] satisfies IssuerFindingCode[]
/** The documents are right, and served wrongly. */
const ofTheServer: readonly string[] = [
  'ISSUER_ADDRESS_PRIVATE',
  'CERTIFICATE_UNTRUSTED',
  'DISCOVERY_REDIRECTED',
  'DISCOVERY_UNAVAILABLE',
] satisfies IssuerFindingCode[]
/** Not fixed by publishing. */
const ofTheUrl: readonly string[] = ['ISSUER_UNUSABLE', 'ISSUER_TOO_LONG', 'ISSUER_PORT'] satisfies IssuerFindingCode[]

interface Means {
  readonly publication: NamedPublication
  readonly commands: PrintedCommands
}

export function publishRemedy(
  word: IssuerFindingCode | 'SERVED_KEY_UNPUBLISHED',
  { issuer, managedService: service }: Pick<PublicFacts, 'issuer' | 'managedService'>,
  { publication, commands }: Means,
): Remedy {
  const check = commands.check(issuer)
  if (ofTheUrl.includes(word)) {
    return { command: commands.cluster('issuer show'), words: 'prints the steps to another issuer' }
  }
  if (service !== undefined) {
    return { words: `${service} publishes these documents; from outside its network: ${check}` }
  }
  if (word === 'PRIVATE_KEY_PUBLISHED') {
    return { words: `remove it now, and replace the signing key of the cluster; then ${check}` }
  }
  if (ofTheServer.includes(word)) {
    return {
      words: `correct the server at that address: it must respond without a redirect or authentication, and with a certificate of a public authority; then ${check}`,
    }
  }
  const target = publication.to ?? commands.targetOf(issuer)
  if (word === 'DISCOVERY_FORBIDDEN')
    return publicRemedy(target === undefined ? undefined : commands.makePublic(target), check)
  return publishing(target, issuer, { publication, commands, adopt: foreign.includes(word) ? ['--adopt'] : [] })
}

interface Publishing extends Means {
  readonly adopt: readonly string[]
}

/** With --key-state where it is not the default: without it, a revoked key would be published again. */
function publishing(target: string | undefined, issuer: string, { publication, commands, adopt }: Publishing): Remedy {
  const { to, url, keyStateRef } = publication
  const isUsual = keyStateRef.namespace === defaultKeyStateRef.namespace && keyStateRef.name === defaultKeyStateRef.name
  const keyState = isUsual ? [] : ['--key-state', `${keyStateRef.namespace}/${keyStateRef.name}`]
  const takesOver =
    adopt.length > 0 ? 'it overwrites what exists there: check first which tool or cluster uses it' : undefined
  if (target !== undefined) {
    const where = ['--to', target, ...(to !== undefined && url !== undefined ? ['--issuer-url', url] : [])]
    return { command: commands.cluster('issuer publish', ...where, ...keyState, ...adopt), words: takesOver }
  }
  return {
    command: commands.cluster('issuer publish', '--to', './public', '--issuer-url', issuer, ...keyState, ...adopt),
    words:
      'then copy ./public to the web server of that URL; for a store that pullpass writes to, use --to TARGET instead',
  }
}

function publicRemedy(command: string | undefined, check: string): Remedy {
  if (command === undefined) return { words: `make these two documents public, and nothing else; then ${check}` }
  return { command, words: 'the whole store is public then: keep nothing else in it' }
}
