/** The results of `pullpass trust` and `pullpass uninstall`, for programs. */
import type { ErrorDetail, Overall } from './envelope.ts'

/** `pullpass trust plan` */
export interface TrustPlanResult {
  readonly kind: 'TrustPlanResult'
  readonly result: Overall
  readonly clusters: readonly TrustCluster[]
  readonly resources: readonly PlannedResource[]
  /** Service accounts of the documents that do not exist in the cluster. */
  readonly absentServiceAccounts: readonly AbsentServiceAccount[]
  readonly skippedRegistries: readonly SkippedRegistry[]
}

/** A registry of the documents for whose vendor pullpass sets up nothing. */
interface SkippedRegistry {
  /** `KIND/NAME`. */
  readonly document: string
  /** Name of the registry. */
  readonly registry: string
  /** The identifier of the vendor. */
  readonly vendor: string
  readonly reason: string
}

interface TrustCluster {
  /** The context, or the issuer. */
  readonly name: string
  readonly issuer: string
  /** Marks what pullpass creates for this cluster. */
  readonly mark: string
  /** The set of issuers in which a subject is one principal, such as an identity pool; absent: that of the document. */
  readonly trustDomainId?: string
  /** The cluster's issuer in the trust domain, such as a provider of an identity pool; absent: that of the document. */
  readonly issuerId?: string
}

/** A resource at the cloud. */
interface TrustResourceName {
  /** The identifier of the vendor. */
  readonly vendor: string
  /** As the vendor names it: `pool`, `role`, `grant`. */
  readonly kind: string
  readonly name: string
}

interface PlannedResource extends TrustResourceName {
  /**
   * `refused`: it exists, differs, and is changed only by a flag; `unknown`: it could not be read; `blocked`: a resource
   * that it needs is refused, unknown or blocked.
   */
  readonly result:
    | 'unchanged'
    | 'would-create'
    | 'would-undelete'
    | 'would-update'
    | 'would-grant'
    | 'refused'
    | 'unknown'
    | 'blocked'
  readonly changes: readonly TrustChange[]
  /** What exists and is kept, although the documents do not require it. */
  readonly notes: readonly string[]
  /** Resources that it needs and that are not in place. */
  readonly missing?: readonly MissingResource[]
  readonly error?: ErrorDetail
}

export interface TrustChange {
  /** `delete`: of the resource that the description names, which belongs to this one and is no longer needed. */
  readonly action: 'create' | 'undelete' | 'update' | 'grant' | 'delete'
  /** Fields that an update changes. */
  readonly fields: readonly string[]
  readonly description: string
  /** The same change by the vendor's command line. */
  readonly command: string
}

export interface MissingResource extends TrustResourceName {
  readonly result: 'refused' | 'unknown' | 'blocked' | 'failed' | 'declined' | 'unfinished' | 'not-started'
}

interface AbsentServiceAccount {
  /** Name of the cluster. */
  readonly cluster: string
  readonly serviceAccount: string
  /** The command that creates it. */
  readonly command: string
}

/** `pullpass trust apply` */
export interface TrustApplyResult {
  readonly kind: 'TrustApplyResult'
  readonly result: Overall
  readonly resources: readonly AppliedResource[]
  /** Of each registry of each document, with a token of each cluster, if all resources at its vendor are in place. */
  readonly verifications: readonly TrustVerification[]
  readonly skippedRegistries: readonly SkippedRegistry[]
}

export interface AppliedResource extends TrustResourceName {
  /** `unfinished`: the run ended during the change; `not-started`: the run ended before. */
  readonly result:
    | 'created'
    | 'undeleted'
    | 'updated'
    | 'granted'
    | 'unchanged'
    | 'declined'
    | 'blocked'
    | 'failed'
    | 'unfinished'
    | 'not-started'
  readonly changes: readonly TrustChange[]
  readonly notes: readonly string[]
  /** Resources that it needs and that are not in place. */
  readonly missing?: readonly MissingResource[]
  readonly error?: ErrorDetail
}

interface TrustVerification {
  /** Name of the cluster. */
  readonly cluster: string
  /** `KIND/NAME`. */
  readonly document: string
  /** Name of the registry. */
  readonly registry: string
  /** `skipped`: no token could be requested. */
  readonly result: 'ok' | 'failed' | 'skipped'
  readonly error?: ErrorDetail
}

/** `pullpass trust destroy` */
export interface TrustDestroyResult {
  readonly kind: 'TrustDestroyResult'
  readonly result: Overall
  readonly dryRun: boolean
  readonly resources: readonly DestroyedResource[]
  readonly skippedRegistries: readonly SkippedRegistry[]
}

export interface DestroyedResource extends TrustResourceName {
  /** `kept`: pullpass did not create it, or it is still in use. */
  readonly result: 'deleted' | 'would-delete' | 'absent' | 'kept' | 'declined' | 'failed' | 'unfinished' | 'not-started'
  readonly notes: readonly string[]
  readonly error?: ErrorDetail
}

/** `pullpass uninstall` */
export interface UninstallResult {
  readonly kind: 'UninstallResult'
  readonly result: Overall
  readonly dryRun: boolean
  /** In the order of execution. */
  readonly steps: readonly UninstallStep[]
}

export interface UninstallStep {
  readonly phase: 'stop' | 'detach' | 'pull-secrets' | 'resources' | 'trust' | 'installation' | 'namespace'
  /** Of a resource at the cloud: the identifier of the vendor. */
  readonly vendor?: string
  /** The kind of the object; of a resource at the cloud, as in `trust destroy`. */
  readonly kind: string
  readonly name: string
  /** `blocked`: an earlier phase failed. */
  readonly result:
    | 'deleted'
    | 'detached'
    | 'absent'
    | 'kept'
    | 'failed'
    | 'blocked'
    | 'pending'
    | 'would-delete'
    | 'would-detach'
  readonly notes: readonly string[]
  readonly error?: ErrorDetail
}
