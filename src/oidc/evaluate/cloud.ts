/** What a cloud asks of an issuer: rules as data, for judgements that all clouds share, and what is its own alone. */

import type { PublicFacts } from '../public/public-facts.ts'
import type { FindingLevel, IssuerFinding } from './finding.ts'

export interface Cloud {
  /** `Google`. */
  readonly title: string
  readonly rules: CloudRules
  /** What no other cloud minds. */
  readonly judgeMore: (facts: PublicFacts) => readonly IssuerFinding[]
}

export interface CloudRules {
  /** Of signatures, as the header of a token names them. */
  readonly algorithms: readonly string[]
  /** Of an issuer whose URL names a port; undefined where that is no matter. */
  readonly port: FindingLevel | undefined
  /** Of an address that the internet does not lead to. */
  readonly privateAddress: FindingLevel
  /** Of a certificate that no public authority vouches for, and what can be done about it at this cloud. */
  readonly privateAuthority: { readonly level: FindingLevel; readonly fix: string }
  /** Characters of an issuer; undefined where no limit is known. */
  readonly longestIssuer: number | undefined
  /** How many keys are read: of each kind, or in all. */
  readonly mostKeys: { readonly count: number; readonly of: 'kind' | 'all' } | undefined
}
