/**
 * At which hop doctor tells what `pullpass issuer check` finds of an issuer, in its words, and what was expected there:
 * docs/issuer.md explains them. What it finds of the token alone is evaluated by the documents, at subject-token.
 */

import { issuerMemory } from '../../document/document.ts'
import type { FindingWord } from '../../oidc/evaluate/finding.ts'
import { vendorOfIssuer } from '../../oidc/issuer-url.ts'
import type { NamedPublication } from '../facts/issuers.ts'
import type { Remedy } from '../finding.ts'
import type { PrintedCommands } from '../printed-commands.ts'

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

// What publishes an issuer's documents as they are to be: exact where a document or the URL tells the store.

/** Something else lies there, which is overwritten only when it is said. */
const foreign: readonly string[] = [
  'DISCOVERY_MALFORMED',
  'DISCOVERY_ISSUER_MISMATCH',
  'JWKS_URI_INVALID',
  'SIGNATURE_INVALID',
] satisfies FindingWord[]
/** Not what lies there is wrong, but how it is served. */
const ofTheServer: readonly string[] = [
  'ISSUER_ADDRESS_PRIVATE',
  'CERTIFICATE_UNTRUSTED',
  'DISCOVERY_REDIRECTED',
  'DISCOVERY_UNAVAILABLE',
] satisfies FindingWord[]
/** Nothing that is published there mends them. */
const ofTheUrl: readonly string[] = ['ISSUER_UNUSABLE', 'ISSUER_TOO_LONG', 'ISSUER_PORT'] satisfies FindingWord[]

interface Means {
  readonly publication: NamedPublication
  readonly commands: PrintedCommands
}

export function publishRemedy(
  word: FindingWord | 'SERVED_KEY_UNPUBLISHED',
  issuer: string,
  { publication, commands }: Means,
): Remedy {
  const vendor = vendorOfIssuer(issuer)
  const check = commands.check(issuer)
  if (ofTheUrl.includes(word)) {
    return { command: commands.cluster('issuer show'), words: 'tells how this cluster gets another issuer' }
  }
  if (vendor !== undefined) {
    return { words: `${vendor} publishes these documents: ${check}, from outside of its network` }
  }
  if (word === 'PRIVATE_KEY_PUBLISHED') {
    return { words: `take it down now, and replace the signing key of the cluster; then ${check}` }
  }
  if (ofTheServer.includes(word)) {
    return {
      words: `set right what serves that address, so that it answers itself, publicly, with a certificate of a public authority; then ${check}`,
    }
  }
  const target = publication.to ?? commands.targetOf(issuer)
  if (word === 'DISCOVERY_FORBIDDEN')
    return publicRemedy(target === undefined ? undefined : commands.openToAll(target), check)
  return publishing(target, issuer, { publication, commands, adopt: foreign.includes(word) ? ['--adopt'] : [] })
}

interface Publishing extends Means {
  readonly adopt: readonly string[]
}

/** With what remembers revocations, where that is another than usual: else a revoked key would be public again. */
function publishing(target: string | undefined, issuer: string, { publication, commands, adopt }: Publishing): Remedy {
  const { to, url, memory } = publication
  const isUsual = memory.namespace === issuerMemory.namespace && memory.name === issuerMemory.name
  const remember = isUsual ? [] : ['--memory', `${memory.namespace}/${memory.name}`]
  const takesOver = adopt.length > 0 ? 'it takes over what lies there: see first whose it is' : undefined
  if (target !== undefined) {
    const where = ['--to', target, ...(to !== undefined && url !== undefined ? ['--issuer-url', url] : [])]
    return { command: commands.cluster('issuer publish', ...where, ...remember, ...adopt), words: takesOver }
  }
  return {
    command: commands.cluster('issuer publish', '--to', './public', '--issuer-url', issuer, ...remember, ...adopt),
    words:
      'then copy ./public to where that URL is served from; if that is a store that pullpass writes to, name it instead: --to TARGET',
  }
}

function publicRemedy(command: string | undefined, check: string): Remedy {
  if (command === undefined) return { words: `let everyone read these two documents, and nothing else; then ${check}` }
  return { command, words: 'everyone can read the whole store then: keep nothing else in it' }
}
