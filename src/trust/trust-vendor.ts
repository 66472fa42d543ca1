/**
 * The contract of a vendor's trust: what he must know of clusters so that documents work, against what he knows.
 *
 *   want ─▶ open ─▶ look ─▶ make, each change agreed to
 *                └▶ lookBack ─▶ remove
 *
 * The order of work, the record, the questions and what is printed are everybody's: a vendor brings resources.
 */
import type { Document, DocumentRegistry, ProviderName, SettingsOf } from '../document/document.ts'
import type { TextRule } from '../document/field-rules.ts'
import type { Context } from '../http/context.ts'
import type { ImageReference } from '../registry/image-reference.ts'
import type { Accepted, Finding } from './finding.ts'
import type { RecordEntry, TrustRecord } from './record.ts'
import type { TrustedCluster } from './trusted-cluster.ts'

export interface TrustVendor<Name extends ProviderName> {
  readonly repositories: RepositoryNames

  /** A registry's settings for one cluster: each of several clusters has its own pool or provider at the vendor. */
  ofCluster(settings: SettingsOf[Name], cluster: Pick<TrustedCluster, 'poolId' | 'providerId'>): SettingsOf[Name]

  /** What all of these need, refused here where it cannot be. Pure. @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, … */
  want(needs: readonly TrustNeed<Name>[]): VendorTrust
}

interface RepositoryNames {
  /** How `trust.repository` and --repository name one. */
  readonly rule: TextRule
  /**
   * The one that an image is in; undefined of an image that is elsewhere. `beside`: of a host that tells no location, an
   * image is where this repository is.
   */
  ofImage(image: Pick<ImageReference, 'host' | 'repository'>, beside?: string): string | undefined
  /** The path of an image in one, below the registry's host. */
  imageIn(repository: string, image: string): string
}

export interface VendorTrust {
  /** Signs the operator in; then what is wanted, each resource after those that it needs. @throws TRUST_CREDENTIALS_MISSING */
  open(context: Context, record: TrustRecord): Promise<readonly TrustResource[]>
}

export interface TrustResource {
  readonly vendor: ProviderName
  /** For people: `pool`, `role`, `grant`. */
  readonly kind: string
  /** One name for one resource: in plans, in questions, in the record. */
  readonly name: string
  /** Names of resources that must be in place before this one is created; each comes earlier in the list. */
  readonly needs: readonly string[]
  /** Of what has no place at the vendor to say who made it: the record says so. */
  readonly entry: RecordEntry | undefined
  /** What is worth recording of it as it was seen last, should somebody delete it. */
  memo(): RecordEntry | undefined
  /** Judges what is there; what cannot be looked at is `unknown`. Rejects at the run's end alone. */
  look(accepted: Accepted): Promise<Finding>
  /** Whether it could be taken back. */
  lookBack(leaving: Leaving): Promise<Removable>
}

export interface Leaving {
  /** Of the clusters that go: what carries one of them was made for one of them. */
  readonly marks: readonly string[]
  /** Names of resources that go before it, or went: they hold nothing back. */
  readonly gone: readonly string[]
}

export type Removable =
  | { readonly state: 'absent' }
  /** It is somebody else's, or somebody else needs it. */
  | { readonly state: 'kept'; readonly note: string }
  /** What `remove` gives says how it comes back. */
  | { readonly state: 'removable'; readonly remove: () => Promise<string | undefined> }

/** One registry of one document, for one cluster: what trust is to be set up for. */
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
