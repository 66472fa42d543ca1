/**
 * The contract of a vendor's trust: what he must know of clusters so that documents work, against what he knows.
 *
 *   want ─▶ open ─▶ look ─▶ make, each change agreed to
 *                └▶ lookBack ─▶ remove
 *
 * The order of work, the record, the questions and what is printed are everybody's: a vendor brings resources.
 */

import { createHash } from 'node:crypto'
import type { Document, DocumentRegistry } from '../document/document.ts'
import type { TextRule } from '../document/field-rules.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { IssuerKey } from '../oidc/keys.ts'
import type { ImageReference } from '../registry/image-reference.ts'

export interface TrustSetup<Settings> {
  readonly repositories: RepositoryNames

  /** How ids are formed for what several clusters must not share. */
  readonly clusterId: TextRule

  /** A registry's settings for one cluster: each of several clusters has its own ids at the vendor. */
  forCluster(settings: Settings, ids: ClusterIds): Settings

  /** The repository that the settings name; undefined where --repository must. */
  repository(settings: Settings): string | undefined

  /** The same settings, with another repository. */
  withRepository(settings: Settings, repository: string): Settings

  /** Whether the publisher of the issuer's keys (--publisher) is accepted by what is set up, and not by what the settings fix. */
  admitsPublisher(settings: Settings): boolean

  /** The resources that all of these need; what cannot work is refused here. Pure. @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, … */
  desired(needs: readonly TrustNeed<Settings>[]): DesiredTrust
}

/**
 * What tells one of several clusters apart at a vendor. A trust domain is a set of issuers in which a subject is one principal,
 * whichever of them signed for it: an identity pool.
 */
export interface ClusterIds {
  /** Id of the trust domain that only this cluster uses; undefined: the document's. */
  readonly trustDomainId: string | undefined
  /** Id of the cluster's issuer in a trust domain; undefined: the document's. */
  readonly issuerId: string | undefined
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

export interface DesiredTrust {
  /** Signs the operator in; then what is wanted, each resource after those that it needs. @throws TRUST_CREDENTIALS_MISSING */
  open(context: Context, record: TrustRecord): Promise<readonly TrustResource[]>
}

export interface TrustResource {
  readonly vendor: string
  /** For people: `pool`, `role`, `grant`. */
  readonly kind: string
  /** One name for one resource: in plans, in questions, in the record. */
  readonly name: string
  /** Names of resources that must be in place before this one is created; each comes earlier in the list. */
  readonly needs: readonly string[]
  /** Of what has no place at the vendor to say who made it: the record says so. */
  readonly entry: RecordEntry | undefined
  /** What is worth recording of it as it was seen last, should somebody delete it. */
  recoveryEntry(): RecordEntry | undefined
  /** Judges what is there; what cannot be looked at is `unknown`. Rejects at the run's end alone. */
  observe(accepted: Accepted): Promise<Finding>
  /** Whether it could be taken back. */
  planRemoval(leaving: RemovalScope): Promise<RemovalPlan>
}

export interface RemovalScope {
  /** Of the clusters that go: what carries one of them was made for one of them. */
  readonly marks: readonly string[]
  /** Names of resources that go before it, or went: they hold nothing back. */
  readonly removed: readonly string[]
}

export type RemovalPlan =
  | { readonly state: 'absent' }
  /** It is somebody else's, or somebody else needs it. */
  | { readonly state: 'kept'; readonly note: string }
  /** What `remove` gives says how it comes back. */
  | { readonly state: 'removable'; readonly remove: () => Promise<string | undefined> }

/** One registry of one document, for one cluster: what trust is to be set up for. */
export interface TrustNeed<Settings = unknown> {
  readonly document: Document
  /** With its settings as this cluster's. */
  readonly registry: DocumentRegistry & { readonly settings: Settings }
  readonly cluster: TrustedCluster
  /** Whose tokens are exchanged: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** Whose tokens publish the issuer's keys, where a flag names it: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly publisher?: string | undefined
  /** Whether the document publishes its issuer at the same vendor. */
  readonly publishesHere: boolean
  /** As the vendor names it; undefined where nobody says. */
  readonly repository: string | undefined
}

// What a plan says of one resource, whoever the vendor is: a word, and the changes that lead where it is wanted.

/** A field of an existing resource that changes only when a flag names it: one of the vendor's `replaceable`. */
export type Replaceable = string

/** What the operator accepted by flags, beside what the documents say. */
export interface Accepted {
  readonly replace: readonly Replaceable[]
  /** Whether clusters may share a resource in which they have the same identities. */
  readonly sharing: 'accepted' | 'refused'
}

export type Verdict =
  /** As it is wanted, or narrower by somebody else's will. */
  | 'ok'
  | 'create'
  | 'undelete'
  | 'update'
  | 'grant'
  /** What is there stands against it, and stays as it is unless a flag says otherwise. */
  | 'refused'
  /** It could not be looked at. */
  | 'unknown'
  /** It is missing or differs, and a resource that it needs is refused, unknown or blocked: it is not created. */
  | 'blocked'

export interface Finding {
  readonly vendor: string
  readonly kind: string
  readonly name: string
  readonly presence: 'present' | 'absent'
  readonly verdict: Verdict
  /** In the order in which they are made. */
  readonly changes: readonly Change[]
  /** What is there and stays, though the documents do not ask for it. */
  readonly notes: readonly string[]
  /** Fields that differ and stay. */
  readonly kept: readonly Replaceable[]
  /** Other clusters that have the same identities in it, a sentence for each; absent where there is none. */
  readonly sharedWith?: readonly string[] | undefined
  /** Why it is refused or unknown. */
  readonly fault?: PullpassError | undefined
  /** Resources that it needs and that are not in place: by them it is blocked, where anything of it would change. */
  readonly missingNeeds?: readonly MissingNeed[] | undefined
  /** A resource that the documents may mean instead: it has the same ids and this cluster, under another name. */
  readonly instead?: string | undefined
  /** Of what is refused: how whoever may decide it has it changed. */
  readonly override?: Override | undefined
  readonly hcl: HclResource
}

export interface MissingNeed {
  readonly name: string
  /** The verdict on it in a plan, its result in a run. */
  readonly state: string
}

export const describeMissing = (needs: readonly MissingNeed[]): string =>
  needs.map(({ name, state }) => `${name} (${state})`).join(' and ')

/** The vendor's own command; or what `--replace` is to name. */
export type Override = { readonly command: string } | { readonly replace: readonly Replaceable[] }

export interface Change {
  readonly action: 'create' | 'undelete' | 'update' | 'grant'
  /** Of an update: the names of the fields that change. */
  readonly fields: readonly string[]
  /** One line that says what it does, before it is made. */
  readonly description: string
  /** For a shell, by the vendor's command line. */
  readonly command: string
  /** The same for a script that goes on with the next change. */
  readonly script: ScriptLine
  /** Whether the resource's block does the same. */
  readonly byTerraform: 'made' | 'not made'
  /** @throws PullpassError at the hop trust: nothing was changed, or what is under way is named */
  readonly apply: () => Promise<void>
}

export interface ScriptLine {
  /** Definitions of the shell functions that the line calls: each stands once in a script. */
  readonly functions: readonly string[]
  readonly line: string
}

/** The resource as it is when every change is made. */
export interface HclResource {
  readonly requires: { readonly name: string; readonly source: string; readonly version: string }
  /** Its block; before it, where it can be there already, the block that imports it. */
  readonly block: string
  readonly importBlock: string | undefined
}

/** What is there at the vendor's and stands against what is wanted. */
export const trustRefused = (
  seen: string,
  { expected, hint }: { readonly expected: string; readonly hint?: string },
): PullpassError => new PullpassError({ code: 'TRUST_REFUSED', hop: 'trust', seen, expected, hint })

/** A cluster as trust sees it: who signs its tokens, and what is made for it carries. */
export interface TrustedCluster extends ClusterIds {
  /** As the operator calls it: a context of his kubeconfig, or its issuer. */
  readonly name: string
  /** `iss` of its tokens. */
  readonly issuer: string
  /** As the cluster serves them; undefined where it was not asked. */
  readonly keys: readonly IssuerKey[] | undefined
  /** `some`: an API server could not be asked, and keys that it alone serves are missing. */
  readonly servers?: 'all' | 'some'
  /** Of a key that was uploaded before; absent: none is known to be revoked. */
  readonly isRevoked?: (key: IssuerKey) => boolean
}

/**
 * What everything that is made for a cluster carries in its description. It is made of the issuer, since operators call
 * one cluster by many names, and of its first 12 digits, since a description is short.
 */
export function markOf({ issuer }: Pick<TrustedCluster, 'issuer'>): string {
  return `pullpass:${createHash('sha256').update(issuer).digest('hex').slice(0, 12)}`
}

/** Those that a description carries. */
export const marksIn = (description: string): string[] =>
  description.split(/\s+/).filter((word) => /^pullpass:[0-9a-f]{12}$/.test(word))

export interface RecordEntry {
  /** Of the ConfigMap: `grant-…`, `account-…`. */
  readonly key: string
  /** JSON, for people too. */
  readonly text: string
  /** Of the accounts that need what it tells of: in each of them it is recorded. */
  readonly namespaces: readonly string[]
}

export interface TrustRecord {
  /** What is written of it, in each place where something is. */
  readonly read: (entry: RecordEntry) => Promise<string[]>
  /** In how many places it is to be written. */
  readonly copies: (entry: RecordEntry) => number
  readonly write: (entry: RecordEntry) => Promise<void>
  /** As `write`, and nothing is stored. */
  readonly dryRun: (entry: RecordEntry) => Promise<void>
  readonly remove: (entry: RecordEntry) => Promise<void>
}

/** Keys of a ConfigMap hold no `/` and `:`. */
export const recordKey = (kind: string, name: string): string =>
  `${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
