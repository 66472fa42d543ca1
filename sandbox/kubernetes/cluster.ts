/** What every handler works on: the objects, the clock, and the keys that sign tokens. */
import type { ObjectStore } from './objects/object-store.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

export interface Cluster {
  readonly store: ObjectStore
  readonly keys: SigningKeys
  /** Whose name the tokens carry, and where its documents are. */
  readonly issuer: string
  /** PEM of what signed the API server's certificate: every namespace gets it in the ConfigMap kube-root-ca.crt. */
  readonly ca?: string
  readonly now: () => Date
  readonly newUid: () => string
}
