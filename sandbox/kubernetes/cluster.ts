/** What every handler works on: the objects and the clock, which all servers of a cluster share, and what is a server's own. */
import type { ObjectStore } from './objects/object-store.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

export interface Cluster {
  readonly store: ObjectStore
  readonly keys: SigningKeys
  /** Whose name the tokens carry, and where its documents are. */
  readonly issuer: string
  /** Whose tokens are taken besides. */
  readonly acceptedIssuers: readonly string[]
  /** Whether a watch may begin with a list, as it does from 1.34 on unless that is turned off. */
  readonly watchList: 'on' | 'off'
  /** PEM of what signed the API server's certificate: every namespace gets it in the ConfigMap kube-root-ca.crt. */
  readonly ca?: string
  readonly now: () => Date
  readonly newUid: () => string
}
