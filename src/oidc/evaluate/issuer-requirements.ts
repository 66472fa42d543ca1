/** What a verifier requires of an issuer: limits as data for the checks that all share, and checks of its own. */
import type { PublicFacts } from '../public/public-facts.ts'
import type { IssuerFinding, IssuerFindingResult } from './finding.ts'

export interface IssuerRequirements {
  readonly rules: VerifierRules
  /** What only this verifier requires. Pure. */
  readonly evaluateMore: (facts: PublicFacts) => readonly IssuerFinding[]
}

/** A vendor that verifies tokens, by its identifier. */
export interface IssuerVerifier extends IssuerRequirements {
  readonly vendor: string
  /** For tables and messages. */
  readonly title: string
}

export interface VerifierRules {
  /** Of signatures, as the header of a token names them. */
  readonly algorithms: readonly string[]
  /** Of an issuer whose URL has a port; undefined where any port is accepted. */
  readonly port: IssuerFindingResult | undefined
  /** Of an address that cannot be reached from the internet. */
  readonly privateAddress: IssuerFindingResult
  /** Of a certificate that no public authority signed, and what can be done about it. */
  readonly privateAuthority: Pick<IssuerFinding, 'result' | 'fix' | 'command'>
  /** Characters of an issuer; undefined where no limit is known. */
  readonly longestIssuer: number | undefined
  /** How many keys are read: of each type, or in all. */
  readonly mostKeys: { readonly count: number; readonly of: 'kind' | 'all' } | undefined
}
