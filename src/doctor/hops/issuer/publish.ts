/** Hop `publish`: the publication gate of a refresh lets the token through, where its document states a publication. */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { quote } from '../../../text/plain-text.ts'
import { type IssuerFacts, issuersSource } from '../../facts/issuers.ts'
import { type AdmissionFacts, admissionsSource } from '../../facts/tokens.ts'
import { dependencyFailed, type Evaluated, failedBy, type HopFinding, type Remedy } from '../../finding.ts'
import { defineHop, type Hop } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'

export const publishHop: Hop = defineHop({
  name: 'publish',
  needs: { admissions: admissionsSource, issuers: issuersSource },
  after: ['key'],
  applies: ({ documents }) => documents.some(({ issuer }) => issuer !== undefined),
  evaluate: (facts, { found, request }) => distinct(publicationFindings(facts, found.of('key'), request.commands)),
})

interface PublicationFacts {
  readonly admissions: readonly AdmissionFacts[]
  readonly issuers: readonly IssuerFacts[]
}

/** One for each admission; undefined without a gate. `keys`: the findings of hop `key`. */
export function publicationFindings(
  { admissions, issuers }: PublicationFacts,
  keys: readonly HopFinding[],
  commands: PrintedCommands,
): (HopFinding | undefined)[] {
  return admissions.map((facts) => {
    const issuer = issuerOf(facts, issuers)
    const finding = evaluatePublication(facts, { commands, issuer })
    const isRevoked = issuer?.signedBy === 'a revoked key'
    const revoked =
      isRevoked &&
      keys.find(
        ({ about, code, result }) => about === issuer.token.issuer && code === 'KEY_REVOKED' && result === 'failed',
      )
    return finding && revoked ? dependencyFailed('publish', finding.about, revoked) : finding
  })
}

/** The finding for a token of this issuer and key, before revocations are considered. */
export function publicationOfIssuer(
  facts: IssuerFacts,
  { admissions, issuers }: PublicationFacts,
  commands: PrintedCommands,
): HopFinding | undefined {
  const admission = admissions.find((one) => issuerOf(one, issuers) === facts)
  return admission && evaluatePublication(admission, { commands, issuer: facts })
}

const issuerOf = ({ token }: AdmissionFacts, issuers: readonly IssuerFacts[]): IssuerFacts | undefined =>
  issuers.find(({ token: { issuer, keyId } }) => issuer === token?.issuer && keyId === token.keyId)

/** A publication is reported once, however many registries use it. */
const distinct = (findings: readonly (HopFinding | undefined)[]): HopFinding[] => [
  ...new Map(findings.flatMap((one) => (one === undefined ? [] : [[JSON.stringify(one), one] as const]))).values(),
]

interface PublicationView {
  readonly commands: PrintedCommands
  /** Of the token's key; undefined where nothing was read of it. */
  readonly issuer: IssuerFacts | undefined
}

/** Nothing without a gate, or without a token. */
function evaluatePublication(
  { exchangeRequest, token, admission }: AdmissionFacts,
  view: PublicationView,
): HopFinding | undefined {
  const about = exchangeRequest.document.issuer?.publishTo
  if (about === undefined || admission.verdict === 'no gate') return undefined
  if (admission.verdict === 'no cluster') {
    const code = admission.fault?.code ?? 'TIMED_OUT'
    return dependencyFailed('publish', about, { hop: 'cluster', about, result: 'failed', code, seen: '' })
  }
  return { ...evaluateVerdict(admission, token?.keyId ?? '', view), hop: 'publish', about }
}

type Verdict = Exclude<AdmissionFacts['admission'], { readonly verdict: 'no gate' | 'no cluster' }>

function evaluateVerdict(verdict: Verdict, keyId: string, view: PublicationView): Evaluated {
  const key = `key ${quote(keyId)}, which signed the token,`
  if (verdict.verdict === 'published') return { result: 'ok', code: 'OK', seen: `${key} is published there` }
  const { fault } = verdict
  switch (verdict.verdict) {
    case 'to be published': {
      const seen = `${key} is not published there yet; a refresh publishes it before it exchanges the token`
      return { ...failedBy('publish', '', fault, view.commands.refresh()), result: 'warning', seen }
    }
    case 'unknown here': {
      const seen = `${fault.seen}; whether the pod that refreshes may publish it cannot be checked here`
      return { result: 'skipped', code: 'NOT_READABLE', seen }
    }
    case 'refused':
      break
  }
  return failedBy('publish', '', fault, refusedRemedy(fault, view))
}

/** A token as the cluster issues it now is right: the document is wrong, or a roll-out has not begun. */
function refusedRemedy({ code, details }: PullpassError, { issuer, commands }: PublicationView): Remedy {
  const cluster = issuer?.cluster
  if (code !== 'TOKEN_ISSUER_MISMATCH' || cluster === undefined || cluster instanceof PullpassError) return {}
  if (cluster.issuer !== issuer?.token.issuer) return {}
  const target = commands.targetOf(cluster.issuer) ?? 'where that is public'
  const change = commands.cluster('issuer show', '--to-issuer', details.issuer ?? '')
  return {
    words: `the cluster issues tokens as ${cluster.issuer}: set spec.issuer.publishTo to ${target}; or, to change the issuer of the cluster: ${change}`,
  }
}
