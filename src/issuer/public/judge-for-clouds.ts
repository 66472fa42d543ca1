/** Which clouds can use an issuer as a stranger finds it, and what stands in the way. Pure. */
import { type CloudName, clouds } from './clouds/clouds.ts'
import { discoveryFindings } from './findings/discovery-findings.ts'
import { documentFindings } from './findings/document-findings.ts'
import { hostFindings } from './findings/host-findings.ts'
import { keyFindings } from './findings/key-findings.ts'
import { tokenFindings } from './findings/token-findings.ts'
import { urlFindings } from './findings/url-findings.ts'
import type { IssuerFinding } from './issuer-finding.ts'
import type { PublicFacts } from './public-facts.ts'

export interface CloudVerdict {
  readonly cloud: CloudName
  /** The worst of its findings. */
  readonly level: 'ok' | IssuerFinding['level']
  readonly findings: readonly IssuerFinding[]
}

/** In the order of `names`; of a verdict the findings stand in the order in which a cloud would meet them. */
export const judgeForClouds = (facts: PublicFacts, names: readonly CloudName[]): CloudVerdict[] =>
  names.map((name) => judgeForCloud(facts, name))

function judgeForCloud(facts: PublicFacts, cloud: CloudName): CloudVerdict {
  const { rules, judgeMore } = clouds[cloud]
  const findings = [
    ...urlFindings(facts, rules),
    ...hostFindings(facts, rules),
    ...documentFindings(facts),
    ...discoveryFindings(facts),
    ...keyFindings(facts, rules),
    ...tokenFindings(facts, rules),
    ...judgeMore(facts),
  ]
  const levels = findings.map(({ level }) => level)
  return { cloud, level: levels.includes('problem') ? 'problem' : (levels[0] ?? 'ok'), findings }
}
