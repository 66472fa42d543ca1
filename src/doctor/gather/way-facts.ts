/** All that was seen from the subject token to the registry. */
import type { Finding as TrustFinding } from '../../trust/finding.ts'
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
  readonly trust: TrustFacts
}

export interface TrustFacts extends TrustKnown {
  /** undefined: it could not be looked at. */
  readonly found: readonly TrustFinding[] | undefined
}
