/**
 * Hops `discovery`, `key` and `signature`: the vendors of the documents can read the issuer metadata, and verify the token
 * with it. What `pullpass issuer check` finds, at the hop where it belongs, with its fix.
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { evaluateIssuer as evaluateMetadata } from '../../../oidc/evaluate/evaluate.ts'
import type { IssuerFinding } from '../../../oidc/evaluate/finding.ts'
import type { IssuerVerifier } from '../../../oidc/evaluate/issuer-requirements.ts'
import type { HostFacts, PublicFacts } from '../../../oidc/public/public-facts.ts'
import { type ExchangeFacts, exchangesSource } from '../../facts/exchanges.ts'
import {
  areKeysUploaded,
  hostsSource,
  type IssuerFacts,
  issuersSource,
  type NamedPublication,
  publicationOf,
} from '../../facts/issuers.ts'
import { admissionsSource } from '../../facts/tokens.ts'
import { trustSource } from '../../facts/trust.ts'
import { dependencyFailed, type HopFinding, remedyOf } from '../../finding.ts'
import { defineHop, type FactsOf, type Hop, type View } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'
import type { DoctorRequest } from '../../request.ts'
import { publicationOfIssuer } from './publish.ts'
import { type IssuerCode, type IssuerHop, issuerCodes, publishRemedy } from './remedy.ts'

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

const evaluateIssuers = (facts: FactsOf<typeof needs>, view: View): HopFinding[] =>
  facts.issuers.flatMap((one) => evaluateIssuer(one, issuerView(one, facts, view)))

function issuerView(issuer: IssuerFacts, facts: FactsOf<typeof needs>, { request }: View): IssuerView {
  const { documents, verifiers, authorities, commands } = request
  // A vendor to which the keys are uploaded reads no metadata.
  const isRead = !facts.trust.some(({ found = [] }) => found.some(({ keptKeys }) => keptKeys !== undefined))
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
 * `verified elsewhere`: an exchange succeeded, so the vendor has the keys, whatever is public.
 * `uploaded`: the documents have the keys uploaded to the vendor.
 */
type KeysNeeded = 'needed' | 'verified elsewhere' | 'uploaded'

interface IssuerView {
  readonly verifiers: readonly IssuerVerifier[]
  readonly needed: KeysNeeded
  /** The server of the documents; empty if it is irrelevant. */
  readonly hosts: readonly HostFacts[]
  readonly authorities: DoctorRequest['authorities']
  readonly publication: NamedPublication
  /** What a refresh makes of the token, where its document names the publication. */
  readonly publish: HopFinding | undefined
  readonly commands: PrintedCommands
}

const issuerHops = ['discovery', 'key', 'signature'] as const satisfies readonly IssuerHop[]

/** In this order. */
function evaluateIssuer(facts: IssuerFacts, view: IssuerView): HopFinding[] {
  const { publish } = view
  // Whether the metadata is readable does not matter then: the token is not exchanged.
  if (publish?.code === 'TOKEN_ISSUER_MISMATCH')
    return issuerHops.map((hop) => dependencyFailed(hop, facts.token.issuer, publish))
  const byHop = findingsByHop(facts, view)
  const revoked = evaluateRevoked(facts, view)
  const findings: HopFinding[] = []
  // A problem prevents the checks after it, even where the metadata is not needed.
  let hasProblem = false
  for (const hop of issuerHops) {
    const cause = findings.find(({ result }) => result === 'failed')
    const alarms = byHop[hop].filter(({ code }) => code === 'PRIVATE_KEY_PUBLISHED')
    if (alarms.length > 0) findings.push(...alarms.map((one) => findingOf(hop, one, { facts, view })))
    else if (hop === 'key' && revoked !== undefined) findings.push(revoked)
    else if (cause !== undefined) findings.push(dependencyFailed(hop, facts.token.issuer, cause))
    else if (!hasProblem) findings.push(...evaluateHop(hop, byHop[hop], { facts, view }))
    hasProblem ||= byHop[hop].some(({ result }) => result === 'failed')
  }
  return findings
}

/** Of all vendors; each finding once. */
function findingsByHop({ found }: IssuerFacts, { verifiers, hosts }: IssuerView): Record<IssuerHop, IssuerFinding[]> {
  const evaluate = (known: PublicFacts) => evaluateMetadata(known, verifiers).flatMap(({ findings }) => findings)
  const own = evaluate(found)
  const [problem] = own.filter(({ result, code }) => result === 'failed' && ruleOf(code) !== undefined)
  // The servers are reported where no other problem is; without a response, their certificates alone.
  const withoutAddresses = hosts.map((host) => ({ ...host, addresses: [] }))
  const suspect = problem === undefined ? hosts : problem.code === 'DISCOVERY_UNAVAILABLE' ? withoutAddresses : []
  const all = suspect.length > 0 ? evaluate({ ...found, hosts: suspect }) : own
  const distinct = [...new Map(all.map((one) => [`${one.result} ${one.seen}`, one])).values()]
  const at = (hop: IssuerHop) => distinct.filter(({ code }) => ruleOf(code)?.hop === hop)
  return { discovery: at('discovery'), key: at('key'), signature: at('signature') }
}

function ruleOf(code: IssuerFinding['code']): IssuerCode | undefined {
  const known = issuerCodes[code]
  return known === 'of the token' ? undefined : known
}

interface Evaluating {
  readonly facts: IssuerFacts
  readonly view: IssuerView
}

/** The first problem alone: publishing again fixes the others as well. */
function evaluateHop(hop: IssuerHop, found: readonly IssuerFinding[], { facts, view }: Evaluating): HopFinding[] {
  const problem = found.find(({ result }) => result === 'failed')
  if (problem !== undefined) {
    const finding = findingOf(hop, problem, { facts, view })
    if (view.publish?.code === 'KEY_UNPUBLISHED' && isFixedByPublishing(problem))
      return [explainByPublishing(finding, view.publish)]
    if (view.needed === 'needed') return [finding]
    return [isIntendedPublic(view) ? asCached(finding) : notNeeded(finding, view.needed)]
  }
  const unpublished = hop === 'key' ? evaluateUnpublished(facts, view) : []
  // A vendor that verified the token is not affected by warnings.
  const warnings = view.needed === 'needed' ? found.map((one) => findingOf(hop, one, { facts, view })) : []
  return unpublished.length + warnings.length > 0 ? [...unpublished, ...warnings] : [okAt(hop, facts, view)]
}

function findingOf(
  hop: IssuerHop,
  { code, result, seen, fix, command }: IssuerFinding,
  { facts, view }: Evaluating,
): HopFinding {
  const about = facts.token.issuer
  const base = { hop, about, code, seen, expected: ruleOf(code)?.expected }
  if (result === 'warning') return { ...base, result: 'warning', remedy: remedyOf({ hint: fix, command }) }
  return { ...base, result: 'failed', remedy: publishRemedy(code, facts.found, view) }
}

/** What a refresh does before it exchanges a token, where it may. */
const isFixedByPublishing = ({ code }: IssuerFinding): boolean =>
  ['DISCOVERY_NOT_FOUND', 'KEYS_MISSING', 'KEY_UNPUBLISHED'].includes(code)

const explainByPublishing = ({ hop, about, seen }: HopFinding, publish: HopFinding): HopFinding =>
  publish.result === 'failed'
    ? dependencyFailed(hop, about, publish)
    : {
        hop,
        about,
        result: 'skipped',
        code: 'NOT_NEEDED',
        seen: `${seen}; not needed: a refresh publishes it before the exchange`,
      }

/** A document that names its publication means it to be read: what succeeds still does so by what a cloud kept. */
const isIntendedPublic = ({ needed, publication: { to, publishes } }: IssuerView): boolean =>
  needed === 'verified elsewhere' && to !== undefined && publishes === 'documents'

const asCached = (finding: HopFinding): HopFinding => ({
  ...finding,
  result: 'warning',
  seen: `${finding.seen}; exchanges still succeed with the copy that the cloud has cached`,
})

const whyNotNeeded = {
  uploaded: 'the documents use keys that are uploaded to the vendor',
  'verified elsewhere': 'the exchange succeeded, so the vendor has the keys, by upload or otherwise',
} as const

const notNeeded = ({ hop, about, seen }: HopFinding, needed: keyof typeof whyNotNeeded): HopFinding => ({
  hop,
  about,
  result: 'skipped',
  code: 'NOT_NEEDED',
  seen: `${seen}; not needed: ${whyNotNeeded[needed]}`,
})

function okAt(hop: IssuerHop, { token, found: { keys = [] }, where }: IssuerFacts, view: IssuerView): HopFinding {
  const documents = `the discovery document and ${keys.length} ${keys.length === 1 ? 'key' : 'keys'}`
  const seen = {
    discovery:
      view.authorities === 'public ones'
        ? `${documents} are public`
        : `${documents} are readable here, with certificate authorities that clouds may not trust; to check this: ${view.commands.check(token.issuer)}`,
    key: `key ${token.keyId} is published`,
    signature: `${where} verifies with the published key`,
  }
  return { hop, about: token.issuer, result: 'ok', code: 'OK', seen: seen[hop] }
}

/** A leaked key whose tokens a cloud takes still is not a reason to wait. */
function evaluateRevoked({ token, where, signedBy }: IssuerFacts, { needed }: IssuerView): HopFinding | undefined {
  if (signedBy !== 'a revoked key') return undefined
  return {
    hop: 'key',
    about: token.issuer,
    result: needed === 'verified elsewhere' ? 'warning' : 'failed',
    code: 'KEY_REVOKED',
    seen: `${where} is signed with key ${token.keyId}, which was revoked and is not published or uploaded again`,
    expected: 'a token that is signed with another key',
    remedy: {
      words: 'configure the API servers to sign with another key, then refresh; publishing again does not fix it',
    },
  }
}

/** What signs next would fail. */
function evaluateUnpublished({ cluster, found, token: { issuer } }: IssuerFacts, view: IssuerView): HopFinding[] {
  if (cluster === undefined || cluster instanceof PullpassError || cluster.issuer !== issuer) return []
  const published = new Set((found.keys ?? []).map(({ keyId }) => keyId))
  const unpublished = cluster.keys.flatMap(({ keyId }) => (keyId === undefined || published.has(keyId) ? [] : [keyId]))
  if (unpublished.length === 0) return []
  return [
    {
      hop: 'key',
      about: issuer,
      result: 'warning',
      code: 'SERVED_KEY_UNPUBLISHED',
      seen: `the cluster serves keys that are not published: ${unpublished.join(', ')}`,
      expected: 'all of them published before one of them signs tokens',
      remedy: publishRemedy('SERVED_KEY_UNPUBLISHED', found, view),
    },
  ]
}
