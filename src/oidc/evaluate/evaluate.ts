/** Which verifiers can use an issuer as anonymous clients read it, and why others cannot. Pure. */

import type { PublicFacts } from '../public/public-facts.ts'
import { discoveryFindings, documentFindings } from './documents.ts'
import type { IssuerFinding } from './finding.ts'
import type { IssuerVerifier } from './issuer-requirements.ts'
import { keyFindings, tokenFindings } from './keys.ts'
import { hostFindings, urlFindings } from './url.ts'

/** In the order of `verifiers`; the findings of a verdict are in the order in which the verifier detects them. */
export const evaluateIssuer = (facts: PublicFacts, verifiers: readonly IssuerVerifier[]): IssuerVerdict[] =>
  verifiers.map((verifier) => evaluateFor(facts, verifier))

function evaluateFor(facts: PublicFacts, verifier: IssuerVerifier): IssuerVerdict {
  const { rules, evaluateMore } = verifier
  return issuerVerdict(verifier, [
    ...urlFindings(facts, rules),
    ...hostFindings(facts, rules),
    ...documentFindings(facts),
    ...discoveryFindings(facts),
    ...keyFindings(facts, rules),
    ...tokenFindings(facts, rules),
    ...evaluateMore(facts),
  ])
}

/** Whether a verifier can use an issuer, and its findings. */
export interface IssuerVerdict extends Pick<IssuerVerifier, 'vendor' | 'title'> {
  /** The worst of its findings. */
  readonly result: 'ok' | IssuerFinding['result']
  readonly findings: readonly IssuerFinding[]
}

export function issuerVerdict(
  { vendor, title }: Pick<IssuerVerifier, 'vendor' | 'title'>,
  findings: readonly IssuerFinding[],
): IssuerVerdict {
  const levels = findings.map(({ result }) => result)
  return { vendor, title, result: levels.includes('failed') ? 'failed' : (levels[0] ?? 'ok'), findings }
}
