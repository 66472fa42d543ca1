/** What every handler works on: the objects, the clock, and the keys that sign tokens. */
import type { ObjectStore } from './objects/object-store.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

export interface Cluster {
  readonly store: ObjectStore
  readonly keys: SigningKeys
  /** Whose name the tokens carry, and where its documents are. */
  readonly issuer: string
  readonly now: () => Date
  readonly newUid: () => string
}
