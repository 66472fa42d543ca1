/** What publishes an issuer's documents as they are to be: exact where a document or the URL tells the store. */
import { issuerMemory } from '../../document/document.ts'
import type { FindingWord } from '../../oidc/evaluate/finding.ts'
import { vendorOfIssuer } from '../../oidc/issuer-url.ts'
import type { Remedy } from '../finding.ts'
import type { NamedPublication } from '../publication-of.ts'
import type { MendingCommands } from './mending-commands.ts'

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
  'DISCOVERY_UNAVAILABLE',
] satisfies FindingWord[]
/** Nothing that is published there mends them. */
const ofTheUrl: readonly string[] = ['ISSUER_UNUSABLE', 'ISSUER_TOO_LONG', 'ISSUER_PORT'] satisfies FindingWord[]

interface Means {
  readonly publication: NamedPublication
  readonly commands: MendingCommands
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
