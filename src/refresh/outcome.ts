/** What became of one pull secret in one namespace. */
import type { PullpassError } from '../outside/pullpass-error.ts'

export interface Outcome {
  /** `ClusterPullSecret/NAME`. */
  readonly document: string
  readonly namespace: string
  readonly secretName: string
  readonly result: Result
  readonly registries: readonly RegistryOutcome[]
  /** Why it failed. */
  readonly fault?: PullpassError
  /** What else happened, in words: taken over, mended after somebody's edit, skipped because … */
  readonly note?: string
}

export type Result = 'written' | 'unchanged' | 'skipped' | 'failed'

export interface RegistryOutcome {
  readonly name: string
  readonly hosts: readonly string[]
  /** fresh: from this run, or good for long enough; kept: an earlier entry, since the exchange failed; absent: no entry. */
  readonly state: 'fresh' | 'kept' | 'absent'
  readonly expiresAt?: Date
  /** Why it is not fresh. */
  readonly fault?: PullpassError
}

/** Whether the run may call this done. */
export function isDone({ result, registries }: Outcome): boolean {
  return result !== 'failed' && registries.every(({ fault }) => fault === undefined)
}
