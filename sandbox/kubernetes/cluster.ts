/** The state of a server: objects and clock, which all servers of a cluster share, and its own keys and settings. */
import type { ObjectStore } from './objects/object-store.ts'
import type { SigningKeys } from './tokens/signing-keys.ts'

export interface Cluster {
  readonly store: ObjectStore
  readonly keys: SigningKeys
  /** The issuer of the tokens, and the URL of its metadata. */
  readonly issuer: string
  /** Issuers whose tokens are accepted in addition. */
  readonly acceptedIssuers: readonly string[]
  /** Whether a watch may begin with a list: the default since 1.34. */
  readonly watchList: 'on' | 'off'
  /** PEM of the CA of the API server's certificate: every namespace gets it in the ConfigMap kube-root-ca.crt. */
  readonly ca?: string
  readonly now: () => Date
  readonly newUid: () => string
  /** The kinds of custom resources whose definitions are installed; shared by all servers. */
  readonly definitions: Set<string>
}
