/** The result of `pullpass refresh`, for programs. */
import type { ErrorDetail, Instant, Overall } from './envelope.ts'

/** `pullpass refresh` */
export interface RefreshResult {
  readonly kind: 'RefreshResult'
  readonly result: Overall
  readonly dryRun: boolean
  /** One for each document and namespace. */
  readonly secrets: readonly RefreshedSecret[]
}

export interface RefreshedSecret {
  /** `KIND/NAME`. */
  readonly document: string
  /** Absent if the document selects no namespace. */
  readonly namespace?: string
  readonly name: string
  /** `unchanged`: no exchange was due, or another run wrote a newer credential; `deleted`: with `--prune`. */
  readonly result:
    | 'created'
    | 'updated'
    | 'unchanged'
    | 'deleted'
    | 'skipped'
    | 'failed'
    | 'would-create'
    | 'would-update'
    | 'would-delete'
  readonly registries: readonly RefreshedRegistry[]
  /** Absent if the document names none, or the Secret does not exist. */
  readonly serviceAccounts?: readonly RefreshedServiceAccount[]
  /** Fields that admission would change, in a dry run. */
  readonly rewrittenFields?: readonly string[]
  readonly notes: readonly string[]
  readonly error?: ErrorDetail
}

export interface RefreshedRegistry {
  readonly name: string
  readonly hosts: readonly string[]
  /**
   * The entry in the Secret. `fresh`: exchanged by this run, or valid for long enough; `kept`: an earlier entry, since no
   * newer one was written; `absent`: no entry of pullpass.
   */
  readonly result: 'fresh' | 'kept' | 'absent'
  /** Absent if there is no entry, or its expiry is unknown: of a password that something else manages. */
  readonly expiresAt?: Instant
  /** When the exchange becomes possible: verifiers may not know the token's key before. */
  readonly exchangeableAt?: Instant
  /** Why the exchange failed. */
  readonly error?: ErrorDetail
}

interface RefreshedServiceAccount {
  readonly name: string
  /** `attached`: the Secret's name was added to its imagePullSecrets; `detached`: it was removed. */
  readonly result: 'attached' | 'detached' | 'unchanged' | 'absent' | 'failed' | 'would-attach' | 'would-detach'
  readonly error?: ErrorDetail
}
