/** One registry of one document, for one cluster: what trust is to be set up for. */
import type { Document, DocumentRegistry, ProviderName } from '../document/document.ts'
import type { TrustedCluster } from './trusted-cluster.ts'

export type AnyNeed = TrustNeed<ProviderName>

export interface TrustNeed<Name extends ProviderName> {
  readonly document: Document
  /** With its settings as this cluster's. */
  readonly registry: DocumentRegistry<Name>
  readonly cluster: TrustedCluster
  /** Whose tokens are exchanged: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** Whose tokens publish the issuer's keys, where a flag names it: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly publisher?: string | undefined
  /** As the vendor names it; undefined where nobody says. */
  readonly repository: string | undefined
}
