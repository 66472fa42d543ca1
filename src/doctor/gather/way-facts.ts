/** All that was seen from the subject token to the registry. */
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import type { Finding as TrustFinding } from '../../vendors/trust-contract.ts'
import type { TrustKnown } from '../remedy/trust-command.ts'
import type { AdmissionFacts } from './gather-admissions.ts'
import type { ExchangeFacts } from './gather-exchanges.ts'
import type { HostsByIssuer } from './gather-hosts.ts'
import type { IssuerFacts } from './gather-issuers.ts'
import type { PullFacts } from './gather-pulls.ts'
import type { TokenFacts } from './gather-tokens.ts'
import type { UnmatchedImage } from './gather-unmatched.ts'
import type { ClockSeen } from './watch-clocks.ts'

export interface WayFacts {
  readonly tokens: readonly TokenFacts[]
  readonly admissions: readonly AdmissionFacts[]
  readonly issuers: readonly IssuerFacts[]
  /** Of issuers whose documents a cloud may not get for who serves them. */
  readonly hosts: HostsByIssuer
  readonly exchanges: readonly ExchangeFacts[]
  readonly unmatched: readonly UnmatchedImage[]
  readonly pulls: readonly PullFacts[]
  readonly clocks: readonly ClockSeen[]
  /** One for each registry, in the order of the demands. */
  readonly trust: readonly TrustFacts[]
}

export interface TrustFacts extends TrustKnown {
  readonly demand: ExchangeRequest
  /** What the vendor knows of this registry alone; undefined: it could not be read, or there was no need. */
  readonly found: readonly TrustFinding[] | undefined
  readonly elsewhere: readonly ImageElsewhere[]
}

/** An image that was refused, and is not in the repository that the documents name. */
export interface ImageElsewhere {
  readonly image: string
  /** Where it is. */
  readonly repository: string
  /** What the documents name. */
  readonly named: string
  /** What the vendor knows of a registry that reads `repository`; undefined: it could not be read. */
  readonly found: readonly TrustFinding[] | undefined
}
