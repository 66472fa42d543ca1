/** An access token that Google granted the operator, until its expiry on this machine's clock. */
import type { Redacted } from '../../outside/redacted.ts'

export interface GrantedToken {
  readonly value: Redacted
  readonly expiresAt: Date
}
