/** Which clouds can use an issuer as a stranger finds it, and what stands in the way. Pure. */
import { type CloudVerdict, cloudVerdict } from './cloud-verdict.ts'
import { type CloudName, clouds } from './clouds/clouds.ts'
import { discoveryFindings } from './findings/discovery-findings.ts'
import { documentFindings } from './findings/document-findings.ts'
import { hostFindings } from './findings/host-findings.ts'
import { keyFindings } from './findings/key-findings.ts'
import { tokenFindings } from './findings/token-findings.ts'
import { urlFindings } from './findings/url-findings.ts'
import type { PublicFacts } from './public-facts.ts'

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
