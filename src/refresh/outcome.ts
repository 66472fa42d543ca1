/** The result of one pull secret in one namespace. */
import type { PullpassError } from '../errors/pullpass-error.ts'

export interface Outcome {
  /** `ClusterPullSecret/NAME`. */
  readonly document: string
  /** Absent if the document selects no namespace. */
  readonly namespace?: string
  readonly secretName: string
  readonly result: Result
  readonly registries: readonly RegistryOutcome[]
  /** Of the service accounts that the document names; absent if it names none, or the Secret does not exist. */
  readonly serviceAccounts?: readonly ServiceAccountOutcome[]
  /** What failed, of the Secret or of a service account. */
  readonly fault?: PullpassError
  /** Of a dry run: fields that an admission webhook or policy changes, so that a refresh cannot write the intended content. */
  readonly rewritten?: readonly string[]
  /** Of the Secret that was written. */
  readonly resourceVersion?: string
  /** Another manager owned the Secret before. */
  readonly adopted?: true
  /** A clause without a full stop: taken over, restored after an edit, skipped because … */
  readonly note?: string
}

/** `deleted`: the document does not select it any more. */
type Result = 'created' | 'updated' | 'unchanged' | 'deleted' | 'skipped' | 'failed'

export interface RegistryOutcome {
  readonly name: string
  readonly hosts: readonly string[]
  /** fresh: from this run, or valid for long enough; kept: an earlier entry, since no newer one was written; absent: no entry of pullpass. */
  readonly state: 'fresh' | 'kept' | 'absent'
  /** Absent: there is no entry. */
  readonly expiresAt?: Date | 'unknown'
  /** Until when its exchange waits, since verifiers may not know the key of its token before; the entry is valid for longer. */
  readonly waitsUntil?: Date
  /** Why its exchange failed. */
  readonly fault?: PullpassError
}

export interface ServiceAccountOutcome {
  readonly name: string
  /** absent: the namespace has no such account. */
  readonly result: 'attached' | 'detached' | 'unchanged' | 'absent' | 'failed'
  readonly fault?: PullpassError
}

/** Of an entry, or of none. */
export const expiryOf = (
  entry: { readonly expiresAt: Date | undefined } | undefined,
): Pick<RegistryOutcome, 'expiresAt'> => (entry === undefined ? {} : { expiresAt: entry.expiresAt ?? 'unknown' })

/** Whether nothing failed. */
export function isDone({ result, fault, registries }: Outcome): boolean {
  return result !== 'failed' && fault === undefined && registries.every((registry) => registry.fault === undefined)
}
