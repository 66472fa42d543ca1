/** Which clouds can use an issuer as a stranger finds it, and what stands in the way. Pure. */

import type { PublicFacts } from '../public/public-facts.ts'
import { type CloudName, clouds } from './clouds.ts'
import { discoveryFindings, documentFindings } from './documents.ts'
import type { IssuerFinding } from './finding.ts'
import { keyFindings, tokenFindings } from './keys.ts'
import { hostFindings, urlFindings } from './url.ts'

/** In the order of `names`; of a verdict the findings stand in the order in which a cloud would meet them. */
export const judgeForClouds = (facts: PublicFacts, names: readonly CloudName[]): CloudVerdict[] =>
  names.map((name) => judgeForCloud(facts, name))

function judgeForCloud(facts: PublicFacts, cloud: CloudName): CloudVerdict {
  const { rules, judgeMore } = clouds[cloud]
  return cloudVerdict(cloud, [
    ...urlFindings(facts, rules),
    ...hostFindings(facts, rules),
    ...documentFindings(facts),
    ...discoveryFindings(facts),
    ...keyFindings(facts, rules),
    ...tokenFindings(facts, rules),
    ...judgeMore(facts),
  ])
}

/** What a cloud makes of an issuer, by what it minds. Pure. */
export interface CloudVerdict {
  readonly cloud: CloudName
  /** The worst of its findings. */
  readonly level: 'ok' | IssuerFinding['level']
  readonly findings: readonly IssuerFinding[]
}

export function cloudVerdict(cloud: CloudName, findings: readonly IssuerFinding[]): CloudVerdict {
  const levels = findings.map(({ level }) => level)
  return { cloud, level: levels.includes('problem') ? 'problem' : (levels[0] ?? 'ok'), findings }
}
