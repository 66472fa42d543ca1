/** What is to be said of the issuers of all tokens, and of whether a refresh lets their tokens through: pure. */
import type { Asked } from '../asked.ts'
import { type Finding, failureOf } from '../finding.ts'
import type { AdmissionFacts } from '../gather/gather-admissions.ts'
import type { IssuerFacts } from '../gather/gather-issuers.ts'
import type { WayFacts } from '../gather/way-facts.ts'
import { notTried } from '../not-tried.ts'
import { areKeysUploaded, publicationOf } from '../publication-of.ts'
import { type JudgeIssuer, judgeIssuer } from './judge-issuer.ts'
import { judgePublication } from './judge-publication.ts'
import { judgeTokenIssuer } from './judge-token-issuer.ts'

interface JudgeIssuers {
  readonly asked: Asked
  readonly exchange: 'succeeded' | 'refused'
}

export interface IssuersFound {
  /** By registry: whether its token is let through; undefined where its document names no publication. */
  readonly publish: readonly (Finding | undefined)[]
  /** All of them, each once. */
  readonly found: readonly Finding[]
}

export function judgeIssuers(way: WayFacts, judge: JudgeIssuers): IssuersFound {
  const { commands } = judge.asked
  const judged = way.admissions.map((facts) => judgePublication(facts, { commands, issuer: issuerOf(facts, way) }))
  const issuers = way.issuers.map((facts) => {
    const publish = judged[way.admissions.findIndex((one) => issuerOf(one, way) === facts)]
    return { facts, publish, findings: judgeIssuer(facts, issuerJudge(way, facts, { ...judge, publish })) }
  })
  // What nobody can read is the first thing to mend, whosever it is.
  const own = issuers.flatMap(({ facts, publish, findings }) =>
    failureOf(findings, 'discovery') === undefined && publish?.code !== 'TOKEN_ISSUER_MISMATCH'
      ? judgeTokenIssuer(facts, judge.exchange)
      : [],
  )
  const publish = way.admissions.map((facts, index) => {
    const finding = judged[index]
    const found = issuers.find((one) => one.facts === issuerOf(facts, way))?.findings ?? []
    const revoked = found.find(({ code, result }) => code === 'KEY_REVOKED' && result === 'failed')
    return finding && revoked ? notTried('publish', finding.about, revoked) : finding
  })
  return { publish, found: [...own, ...distinct(publish), ...issuers.flatMap(({ findings }) => findings)] }
}

/** Of the token's issuer and key. */
const issuerOf = ({ token }: AdmissionFacts, { issuers }: WayFacts): IssuerFacts | undefined =>
  issuers.find(({ token: { issuer, keyId } }) => issuer === token?.issuer && keyId === token.keyId)

/** One publication is told once, however many registries' tokens it is for. */
const distinct = (findings: readonly (Finding | undefined)[]): Finding[] => [
  ...new Map(findings.flatMap((one) => (one === undefined ? [] : [[JSON.stringify(one), one] as const]))).values(),
]

interface JudgeOne extends JudgeIssuers {
  readonly publish: Finding | undefined
}

/** A provider with uploaded keys reads nobody's documents, whoever serves them. */
function issuerJudge(
  { hosts, trust }: WayFacts,
  facts: IssuerFacts,
  { asked, exchange, publish }: JudgeOne,
): JudgeIssuer {
  const { documents, authorities, commands } = asked
  const isRead = !trust.some(({ found = [] }) => found.some(({ kept }) => kept.includes('keys')))
  return {
    verifiers: asked.verifiers,
    needed: exchange === 'succeeded' ? 'verified elsewhere' : areKeysUploaded(documents) ? 'uploaded' : 'needed',
    hosts: isRead ? (hosts.get(facts.token.issuer) ?? []) : [],
    authorities,
    publication: publicationOf(documents),
    publish,
    commands,
  }
}
