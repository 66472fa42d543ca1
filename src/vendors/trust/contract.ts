/**
 * The contract of a vendor's trust set-up: the resources that documents need at the vendor, compared with those that exist.
 *
 *   desired ─▶ open ─▶ observe ─▶ apply, each change confirmed
 *                   └▶ planRemoval ─▶ remove
 *
 * The order of work, the record, confirmation and output are common to all vendors; a vendor brings the resources.
 */

import { createHash } from 'node:crypto'
import type { Document, DocumentRegistry } from '../../document/document.ts'
import type { TextRule } from '../../document/field-rules.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { IssuerKey } from '../../oidc/keys.ts'
import type { ImageReference } from '../../registry/image-reference.ts'

export interface TrustSetup<Settings> {
  readonly repositories: RepositoryNames

  /** The form of each id by which the vendor distinguishes several clusters; the flags of the others are refused. */
  readonly clusterIds: Readonly<Partial<Record<keyof ClusterIds, TextRule>>>

  /** A registry's settings for one cluster: each of several clusters has its own ids at the vendor. */
  forCluster(settings: Settings, ids: ClusterIds): Settings

  /** The repository in the settings; undefined if --repository must name it. */
  repository(settings: Settings): string | undefined

  /** The same settings, with another repository. */
  withRepository(settings: Settings, repository: string): Settings

  /** Whether the set-up determines if the publisher of the issuer's keys (--publisher) is accepted, and not the settings. */
  admitsPublisher(settings: Settings): boolean

  /** The resources that all of these need; invalid needs are refused. Pure. @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, … */
  desired(needs: readonly TrustNeed<Settings>[]): DesiredTrust
}

/**
 * The IDs that distinguish several clusters at a vendor. A trust domain is a set of issuers in which a subject is one principal,
 * whichever of them signed the token.
 */
export interface ClusterIds {
  /** Id of the trust domain that only this cluster uses; undefined: the document's. */
  readonly trustDomainId: string | undefined
  /** Id of the cluster's issuer in a trust domain; undefined: the document's. */
  readonly issuerId: string | undefined
}

/** Of a vendor whose documents name the identity: clusters with different permissions need documents with different ones. */
export const identityOfDocument = {
  clusterIds: {},
  forCluster: <Settings>(settings: Settings): Settings => settings,
  admitsPublisher: (): boolean => false,
} as const

interface RepositoryNames {
  /** The form of `trust.repository` and --repository. */
  readonly rule: TextRule
  /** The field that must name it, since it also states what no flag does; absent: --repository is sufficient. */
  readonly field?: string
  /**
   * The repository of an image; undefined for an image of another registry. `configured`: a repository of the same location, for a
   * host that does not contain the location.
   */
  ofImage(image: Pick<ImageReference, 'host' | 'repository'>, configured?: string): string | undefined
  /** The path of an image in one, below the registry's host. */
  imageIn(repository: string, image: string): string
}

export interface DesiredTrust {
  /** Sends no request: the operator is signed in with the first one. */
  open(context: Context, record: TrustRecord): OpenedTrust
}

export interface OpenedTrust {
  /** The operator is signed in once; if that fails, each resource is `unknown` for this reason. @throws TRUST_CREDENTIALS_MISSING, … */
  readonly signIn: () => Promise<void>
  /** Each after those that it needs. */
  readonly resources: readonly TrustResource[]
}

export interface TrustResource {
  readonly vendor: string
  /** For messages: `pool`, `role`, `grant`. */
  readonly kind: string
  /** Unique: in plans, prompts and the record. */
  readonly name: string
  /** Names of resources that must be in place before this one is created; each comes earlier in the list. */
  readonly needs: readonly string[]
  /** For a resource that cannot carry the cluster's mark at the vendor: the record states that pullpass created it. */
  readonly entry: RecordEntry | undefined
  /** What restores the resource if it is deleted, as it was last observed. */
  recoveryEntry(): RecordEntry | undefined
  /** Reads the resource and evaluates it; `unknown` if it cannot be read. Rejects only when the run is aborted. */
  observe(accepted: Accepted): Promise<TrustFinding>
  /** Whether it can be removed. */
  planRemoval(leaving: RemovalScope): Promise<RemovalPlan>
}

export interface RemovalScope {
  /** Of the clusters that are removed: a resource with one of these marks was created for one of them. */
  readonly marks: readonly string[]
  /** Names of resources that are removed before it: they no longer need it. */
  readonly removed: readonly string[]
}

export type RemovalPlan =
  | { readonly state: 'absent' }
  /** Another owner created it, or still needs it. */
  | { readonly state: 'kept'; readonly note: string }
  /** `remove` returns how it can be restored. */
  | { readonly state: 'removable'; readonly remove: () => Promise<string | undefined> }

/** One registry of one document, for one cluster. */
export interface TrustNeed<Settings = unknown> {
  readonly document: Document
  /** With the settings for this cluster. */
  readonly registry: DocumentRegistry & { readonly settings: Settings }
  readonly cluster: TrustedCluster
  /** The subject of the tokens: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** `flag`: of --subject, since the document reads a token file, which pods of other service accounts have too. */
  readonly subjectFrom: 'document' | 'flag'
  /** The subject that publishes the issuer's keys, if a flag names it: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly publisher?: string | undefined
  /** Whether the document publishes its issuer at the same vendor. */
  readonly publishesHere: boolean
  /** As the vendor names it; undefined if neither the document nor a flag names it. */
  readonly repository: string | undefined
}

/** `flag`: some of the subjects are not in the documents, so that a subject which these do not name may be in use. */
export type SubjectsFrom = 'documents' | 'flag'

export const subjectsFrom = (needs: readonly Pick<TrustNeed, 'subjectFrom'>[]): SubjectsFrom =>
  needs.some(({ subjectFrom }) => subjectFrom === 'flag') ? 'flag' : 'documents'

// The plan for one resource: a verdict, and the changes that lead to the desired state.

/** A field of an existing resource that changes only when a flag names it: one of the vendor's `replaceable`. */
export type Replaceable = string

/** What the operator accepts by flags, in addition to the documents. */
export interface Accepted {
  readonly replace: readonly Replaceable[]
  /** Whether clusters may share a resource in which they have the same identities. */
  readonly sharing: 'accepted' | 'refused'
}

export type Verdict =
  /** As desired, or more restrictive by the choice of another owner. */
  | 'ok'
  | 'create'
  | 'undelete'
  | 'update'
  | 'grant'
  /** The existing resource conflicts, and is left unchanged unless a flag accepts the change. */
  | 'refused'
  /** It could not be read. */
  | 'unknown'
  /** It is missing or differs, and a resource that it needs is refused, unknown or blocked: it is not created. */
  | 'blocked'

export interface TrustFinding {
  readonly vendor: string
  readonly kind: string
  readonly name: string
  readonly presence: 'present' | 'absent'
  readonly verdict: Verdict
  /** In the order in which they are applied. */
  readonly changes: readonly Change[]
  /** What exists and is left unchanged, although the documents do not need it. */
  readonly notes: readonly string[]
  /** Fields that differ and are left unchanged. */
  readonly kept: readonly Replaceable[]
  // The next two state what a kept field is for, so that doctor finds the cause of a refused token without knowing the vendor's
  // fields. Each is set by one vendor at present, and no other part states it: `kept` and `notes` are names and sentences.
  /** The field of `kept` with uploaded keys: the vendor verifies tokens with them, and not with the published ones. */
  readonly keptKeys?: Replaceable | undefined
  /** The field of `kept` with which the vendor verifies the certificate of the issuer's server. */
  readonly keptAuthority?: Replaceable | undefined
  /** Other clusters that have the same identities in it, a sentence for each; absent where there is none. */
  readonly sharedWith?: readonly string[] | undefined
  /** Why it is refused or unknown. */
  readonly fault?: PullpassError | undefined
  /** Resources that it needs and that are not in place: they block every change of it. */
  readonly missingNeeds?: readonly MissingNeed[] | undefined
  /** A resource that the documents may mean instead: it is for the tokens of this cluster, under another name. */
  readonly instead?: string | undefined
  /** For a refused resource: how an operator changes it nevertheless. */
  readonly override?: Override | undefined
  readonly hcl: HclResource
}

export interface MissingNeed extends Pick<TrustResource, 'vendor' | 'kind' | 'name'> {
  /** The verdict on it in a plan, its result in a run. */
  readonly state: 'refused' | 'unknown' | 'blocked' | 'failed' | 'declined' | 'unfinished' | 'not-started'
}

export const describeMissing = (needs: readonly MissingNeed[]): string =>
  needs.map(({ name, state }) => `${name} (${state})`).join(' and ')

/** A command of the vendor's tool, or the fields for `--replace`. */
export type Override = { readonly command: string } | { readonly replace: readonly Replaceable[] }

export interface Change {
  /** `delete`: of another resource than the one of the finding, which the documents no longer need; its row is an update. */
  readonly action: 'create' | 'undelete' | 'update' | 'grant' | 'delete'
  /** Of an update: the names of the fields that change. */
  readonly fields: readonly string[]
  /** One line that describes it before it is applied. */
  readonly description: string
  /** For a shell, with the vendor's command-line tool. */
  readonly command: string
  /** The same for a script, which continues with the next change. */
  readonly script: ScriptLine
  /** Whether `terraform apply` of the resource's block applies it, too; `no resource`: its provider has none, and the command follows. */
  readonly byTerraform: 'applied' | 'not applied' | 'no resource'
  /** @throws PullpassError at the hop trust: nothing was changed, or the error names the operation in progress */
  readonly apply: () => Promise<void>
}

export interface ScriptLine {
  /** Definitions of the shell functions that the line calls: each is printed once in a script. */
  readonly functions: readonly string[]
  readonly line: string
}

/** The resource after all changes. */
export interface HclResource {
  readonly requires: {
    readonly name: string
    readonly source: string
    readonly version: string
    /** The block of the Terraform provider, where it is not valid without one. */
    readonly block?: string
  }
  /** Its block, and the block that imports it if it exists; empty if the Terraform provider has no resource for it. */
  readonly block: string
  readonly importBlock: string | undefined
}

/** An existing resource that conflicts with the desired state. */
export const trustRefused = (
  seen: string,
  { expected, hint, command }: { readonly expected: string; readonly hint?: string; readonly command?: string },
): PullpassError => new PullpassError({ code: 'TRUST_REFUSED', hop: 'trust', seen, expected, hint, command })

/** Of a resource that is replaced as a whole: what others changed while a person decided stays, and the run reads it again. */
export const changedMeanwhile = (resource: string): PullpassError =>
  new PullpassError({
    code: 'TRUST_CONFLICT',
    hop: 'trust',
    seen: `${resource} was changed by another run or owner in the meantime`,
    expected: 'it to stay as it was read',
    hint: 'run the command again',
  })

/** A cluster that is trusted: its issuer, its keys, and its ids at the vendor. */
export interface TrustedCluster extends ClusterIds {
  /** The context of the kubeconfig, or the issuer. */
  readonly name: string
  /** `iss` of its tokens. */
  readonly issuer: string
  /** As the cluster serves them; undefined where they were not read. */
  readonly keys: readonly IssuerKey[] | undefined
  /** `some`: an API server could not be reached, and keys that only it serves are missing. */
  readonly servers?: 'all' | 'some'
  /** Of a key that was uploaded before; absent: none is known to be revoked. */
  readonly isRevoked?: (key: IssuerKey) => boolean
}

export interface RecordEntry {
  /** Of the ConfigMap: `grant-…`, `account-…`. */
  readonly key: string
  /** JSON. */
  readonly text: string
  /** Namespaces of the accounts that need the resource: it is recorded in each. */
  readonly namespaces: readonly string[]
}

export interface TrustRecord {
  /** The recorded texts, of each ConfigMap that has one. */
  readonly read: (entry: RecordEntry) => Promise<string[]>
  /** The number of ConfigMaps that it is written to. */
  readonly copies: (entry: RecordEntry) => number
  readonly write: (entry: RecordEntry) => Promise<void>
  /** `write` as a server-side dry run. */
  readonly dryRun: (entry: RecordEntry) => Promise<void>
  readonly remove: (entry: RecordEntry) => Promise<void>
}

/** Keys of a ConfigMap cannot contain `/` and `:`. */
export const recordKey = (kind: string, name: string): string =>
  `${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
