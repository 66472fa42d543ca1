/** The result of `pullpass doctor`, for programs. */
import type { Code, ErrorCause, Instant, Overall } from './envelope.ts'

/** `pullpass doctor` */
export interface DoctorResult {
  readonly kind: 'DoctorResult'
  readonly result: Overall
  /** The failure to fix first: others may be its consequences. */
  readonly firstFailure?: DoctorFinding
  /** In the order of the hops. */
  readonly findings: readonly DoctorFinding[]
}

/** An error has the same fields, where both have them. */
export interface DoctorFinding {
  readonly hop: string
  /** The object: `registry of ClusterPullSecret/pull`, `Secret team-a/regcred`. */
  readonly about: string
  /** `skipped`: not checked, since an earlier hop failed or it does not apply. */
  readonly result: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly code: Code
  readonly namespace?: string
  /** Name of the pull secret. */
  readonly secret?: string
  readonly image?: string
  /** What was observed. */
  readonly seen: string
  readonly expected?: string
  /** Further observations. */
  readonly also?: readonly string[]
  /** When what is valid now expires. */
  readonly expiresAt?: Instant
  /** The earlier failure that this follows from. */
  readonly causedBy?: ErrorCause
  /** What to do, as a sentence; with a command, what to know about it. */
  readonly fix?: string
  /** The command to run, ready to paste. */
  readonly command?: string
}
