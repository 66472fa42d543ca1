/**
 * Hops `discovery`, `key` and `signature`: the vendors of the documents can read the issuer metadata, and verify the token
 * with it. What `pullpass issuer check` finds, at the hop where it belongs, with its fix.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { evaluateIssuer as evaluateMetadata } from '../../oidc/evaluate/evaluate.ts'
import type { IssuerFinding } from '../../oidc/evaluate/finding.ts'
import type { IssuerVerifier } from '../../oidc/evaluate/issuer-requirements.ts'
import type { HostFacts, PublicFacts } from '../../oidc/public/public-facts.ts'
import { type ExchangeFacts, exchangesSource } from '../facts/exchanges.ts'
import {
  areKeysUploaded,
  hostsSource,
  type IssuerFacts,
  issuersSource,
  type NamedPublication,
  publicationOf,
} from '../facts/issuers.ts'
import { admissionsSource } from '../facts/tokens.ts'
import { trustSource } from '../facts/trust.ts'
import { dependencyFailed, type Finding } from '../finding.ts'
import { defineHop, type FactsOf, type Hop, type View } from '../hop.ts'
import type { PrintedCommands } from '../printed-commands.ts'
import type { DoctorRequest } from '../request.ts'
import { type IssuerHop, type IssuerWord, issuerWords, publishRemedy } from './issuer-remedy.ts'
import { publicationOfIssuer } from './publish.ts'

const needs = {
  issuers: issuersSource,
  hosts: hostsSource,
  admissions: admissionsSource,
  exchanges: exchangesSource,
  trust: trustSource,
} as const

const hopOf = (name: IssuerHop): Hop =>
  defineHop({
    name,
    needs,
    after: [],
    evaluate: (facts, view) => evaluateIssuers(facts, view).filter(({ hop }) => hop === name),
  })

export const discoveryHop: Hop = hopOf('discovery')
export const keyHop: Hop = hopOf('key')
export const signatureHop: Hop = hopOf('signature')

export const hasSucceeded = (exchanges: readonly ExchangeFacts[]): boolean =>
  exchanges.some(({ result }) => result !== undefined && !(result instanceof PullpassError))

const evaluateIssuers = (facts: FactsOf<typeof needs>, view: View): Finding[] =>
  facts.issuers.flatMap((one) => evaluateIssuer(one, issuerView(one, facts, view)))

function issuerView(issuer: IssuerFacts, facts: FactsOf<typeof needs>, { request }: View): IssuerView {
  const { documents, verifiers, authorities, commands } = request
  // A provider with uploaded keys reads no metadata.
  const isRead = !facts.trust.some(({ found = [] }) => found.some(({ kept }) => kept.includes('keys')))
  const uploaded = areKeysUploaded(documents) ? 'uploaded' : 'needed'
  return {
    verifiers,
    needed: hasSucceeded(facts.exchanges) ? 'verified elsewhere' : uploaded,
    hosts: isRead ? (facts.hosts.get(issuer.token.issuer) ?? []) : [],
    authorities,
    publication: publicationOf(documents),
    publish: publicationOfIssuer(issuer, facts, commands),
    commands,
  }
}

/**
 * `verified elsewhere`: an exchange succeeded, so that whoever verifies has the keys, whatever is public.
 * `uploaded`: the documents want the keys in the provider itself.
 */
type KeysNeeded = 'needed' | 'verified elsewhere' | 'uploaded'

interface IssuerView {
  readonly verifiers: readonly IssuerVerifier[]
  readonly needed: KeysNeeded
  /** Who serves the documents; empty where that is no matter. */
  readonly hosts: readonly HostFacts[]
  readonly authorities: DoctorRequest['authorities']
  readonly publication: NamedPublication
  /** What a refresh makes of the token, where its document names the publication. */
  readonly publish: Finding | undefined
  readonly commands: PrintedCommands
}

const issuerHops = ['discovery', 'key', 'signature'] as const satisfies readonly IssuerHop[]

/** In this order. */
function evaluateIssuer(facts: IssuerFacts, view: IssuerView): Finding[] {
  const { publish } = view
  // Whether anybody reads what is public there is no matter then: the token is not exchanged.
  if (publish?.code === 'TOKEN_ISSUER_MISMATCH')
    return issuerHops.map((hop) => dependencyFailed(hop, facts.token.issuer, publish))
  const told = tellByHop(facts, view)
  const revoked = evaluateRevoked(facts, view)
  const findings: Finding[] = []
  // What a problem leaves unread is not looked at, though nobody needs it.
  let isStopped = false
  for (const hop of issuerHops) {
    const cause = findings.find(({ result }) => result === 'failed')
    const alarms = told[hop].filter(({ word }) => word === 'PRIVATE_KEY_PUBLISHED')
    if (alarms.length > 0) findings.push(...alarms.map((one) => tell(hop, one, { facts, view })))
    else if (hop === 'key' && revoked !== undefined) findings.push(revoked)
    else if (cause !== undefined) findings.push(dependencyFailed(hop, facts.token.issuer, cause))
    else if (!isStopped) findings.push(...evaluateHop(hop, told[hop], { facts, view }))
    isStopped ||= told[hop].some(({ level }) => level === 'problem')
  }
  return findings
}

/** Of several clouds, what any of them minds; each thing once. */
function tellByHop({ found }: IssuerFacts, { verifiers, hosts }: IssuerView): Record<IssuerHop, IssuerFinding[]> {
  const view = (known: PublicFacts) => evaluateMetadata(known, verifiers).flatMap(({ findings }) => findings)
  const own = view(found)
  const [problem] = own.filter(({ level, word }) => level === 'problem' && wordOf(word) !== undefined)
  // Who serves the documents is to blame where nothing else is wrong with them; where nobody answered, a certificate may be.
  const nameless = hosts.map((host) => ({ ...host, addresses: [] }))
  const blamed = problem === undefined ? hosts : problem.word === 'DISCOVERY_UNAVAILABLE' ? nameless : []
  const told = blamed.length > 0 ? view({ ...found, hosts: blamed }) : own
  const distinct = [...new Map(told.map((one) => [`${one.level} ${one.message}`, one])).values()]
  const at = (hop: IssuerHop) => distinct.filter(({ word }) => wordOf(word)?.hop === hop)
  return { discovery: at('discovery'), key: at('key'), signature: at('signature') }
}

function wordOf(word: IssuerFinding['word']): IssuerWord | undefined {
  const known = issuerWords[word]
  return known === 'of the token' ? undefined : known
}

interface Evaluating {
  readonly facts: IssuerFacts
  readonly view: IssuerView
}

/** The first problem alone: what is published anew mends the others as well. */
function evaluateHop(hop: IssuerHop, told: readonly IssuerFinding[], { facts, view }: Evaluating): Finding[] {
  const problem = told.find(({ level }) => level === 'problem')
  if (problem !== undefined) {
    const finding = tell(hop, problem, { facts, view })
    if (view.publish?.code === 'KEY_UNPUBLISHED' && isMendedByPublishing(problem))
      return [ofRefresh(finding, view.publish)]
    if (view.needed === 'needed') return [finding]
    return [isMeantPublic(view) ? lastsNot(finding) : notNeeded(finding, view.needed)]
  }
  const thinner = hop === 'key' ? evaluateThinner(facts, view) : []
  // What may stand in a cloud's way did not, where it verified the token.
  const warnings = view.needed === 'needed' ? told.map((one) => tell(hop, one, { facts, view })) : []
  return thinner.length + warnings.length > 0 ? [...thinner, ...warnings] : [wellAt(hop, facts, view)]
}

function tell(hop: IssuerHop, { word, level, message, fix }: IssuerFinding, { facts, view }: Evaluating): Finding {
  const about = facts.token.issuer
  const told = { hop, about, code: word, seen: message, expected: wordOf(word)?.expected }
  if (level === 'warning') return { ...told, result: 'warning', remedy: { words: fix } }
  return { ...told, result: 'failed', remedy: publishRemedy(word, about, view) }
}

/** What a refresh does before it exchanges a token, where it may. */
const isMendedByPublishing = ({ word }: IssuerFinding): boolean =>
  ['DISCOVERY_NOT_FOUND', 'KEYS_MISSING', 'KEY_UNPUBLISHED'].includes(word)

const ofRefresh = ({ hop, about, seen }: Finding, publish: Finding): Finding =>
  publish.result === 'failed'
    ? dependencyFailed(hop, about, publish)
    : {
        hop,
        about,
        result: 'skipped',
        code: 'NOT_NEEDED',
        seen: `${seen}; it is not needed: a refresh publishes it first`,
      }

/** A document that names its publication means it to be read: what succeeds still does so by what a cloud kept. */
const isMeantPublic = ({ needed, publication: { to, keysOnly } }: IssuerView): boolean =>
  needed === 'verified elsewhere' && to !== undefined && !keysOnly

const lastsNot = (finding: Finding): Finding => ({
  ...finding,
  result: 'warning',
  seen: `${finding.seen}; exchanges succeed by what the cloud has kept of it, for a while`,
})

const whyNotNeeded = {
  uploaded: 'the documents want the keys uploaded to the provider',
  'verified elsewhere': 'the exchange succeeded, so that who verifies has the keys, by upload or otherwise',
} as const

const notNeeded = ({ hop, about, seen }: Finding, needed: keyof typeof whyNotNeeded): Finding => ({
  hop,
  about,
  result: 'skipped',
  code: 'NOT_NEEDED',
  seen: `${seen}; it is not needed: ${whyNotNeeded[needed]}`,
})

function wellAt(hop: IssuerHop, { token, found: { keys = [] }, where }: IssuerFacts, view: IssuerView): Finding {
  const documents = `the discovery document and ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`
  const seen = {
    discovery:
      view.authorities === 'public ones'
        ? `anybody reads ${documents}`
        : `${documents} are read here, with authorities that clouds may not trust; whether they read them: ${view.commands.check(token.issuer)}`,
    key: `key ${token.keyId} is published`,
    signature: `${where} verifies with the published key`,
  }
  return { hop, about: token.issuer, result: 'ok', code: 'OK', seen: seen[hop] }
}

/** A leaked key whose tokens a cloud takes still is no reason to wait. */
function evaluateRevoked({ token, where, signedBy }: IssuerFacts, { needed }: IssuerView): Finding | undefined {
  if (signedBy !== 'a revoked key') return undefined
  return {
    hop: 'key',
    about: token.issuer,
    result: needed === 'verified elsewhere' ? 'warning' : 'failed',
    code: 'KEY_REVOKED',
    seen: `${where} is signed by key ${token.keyId}, which was revoked: nothing publishes or uploads it again`,
    expected: 'a token that the cluster signs with another key',
    remedy: { words: 'let the API servers sign with another key, then refresh: publishing anew does not mend it' },
  }
}

/** What signs next would fail. */
function evaluateThinner(
  { cluster, found: { keys = [] }, token: { issuer } }: IssuerFacts,
  view: IssuerView,
): Finding[] {
  if (cluster === undefined || cluster instanceof PullpassError || cluster.issuer !== issuer) return []
  const published = new Set(keys.map(({ keyId }) => keyId))
  const thinner = cluster.keys.flatMap(({ keyId }) => (keyId === undefined || published.has(keyId) ? [] : [keyId]))
  if (thinner.length === 0) return []
  return [
    {
      hop: 'key',
      about: issuer,
      result: 'warning',
      code: 'SERVED_KEY_UNPUBLISHED',
      seen: `the cluster serves keys that are not published: ${thinner.join(', ')}`,
      expected: 'all of them published before one of them signs',
      remedy: publishRemedy('SERVED_KEY_UNPUBLISHED', issuer, view),
    },
  ]
}
