/** A Kubernetes service account token, as it is exchanged; its claims are what it says, not what anybody verified. */
import type { Redacted } from '../outside/redacted.ts'

export interface SubjectToken {
  readonly value: Redacted
  readonly issuer: string
  /** `system:serviceaccount:NAMESPACE:NAME` for Kubernetes' own tokens. */
  readonly subject: string
  readonly audiences: readonly string[]
  readonly issuedAt: Date | undefined
  readonly expiresAt: Date
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  readonly pod: string | undefined
  readonly node: string | undefined
}
