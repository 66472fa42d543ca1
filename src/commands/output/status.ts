/** The results of `pullpass status`, for programs. */
import type { ErrorDetail, Instant, Overall } from './envelope.ts'

/** `pullpass status`; with `--watch` the first document */
export interface StatusResult {
  readonly kind: 'StatusResult'
  /** `failed`: a pull secret has an error, or a cluster could not be read. */
  readonly result: Overall
  /** One for each context. */
  readonly clusters: readonly StatusCluster[]
  /** With `--problems` only those with errors. */
  readonly secrets: readonly SecretStatus[]
}

/** `pullpass status --watch`: one document for each change after the first document */
export interface StatusChange {
  readonly kind: 'StatusChange'
  /** `failed`: the pull secret has an error. */
  readonly result: Overall
  /** `changed`: created or written, or its result changed with the time. */
  readonly type: 'changed' | 'deleted'
  readonly secret: SecretStatus
}

interface StatusCluster {
  /** Of the kubeconfig; absent without `--context`. */
  readonly context?: string
  /** URL of the API server; absent if the context cannot be used. */
  readonly server?: string
  readonly result: Overall
  /** Of all pull secrets, also with `--problems`. */
  readonly counts: StatusCounts
  /** Why the cluster, or some of the requested namespaces and names, could not be read. */
  readonly errors: readonly ErrorDetail[]
  /** Custom resources; with `--problems` only those that are not ready; with `--namespace` its PullSecrets; none with `--watch` or `--name`. */
  readonly documents: readonly DocumentStatus[]
  /** What could not be shown. */
  readonly notes: readonly string[]
}

interface NamespaceCounts {
  readonly selected: number
  readonly fresh: number
}

/** A ClusterPullSecret or PullSecret of the cluster, by the status that its controller wrote. */
export interface DocumentStatus {
  readonly kind: string
  /** Absent: it is cluster-scoped. */
  readonly namespace?: string
  readonly name: string
  /** `failed`: it is not ready, or no controller has evaluated its current version. */
  readonly result: Overall
  /** Its condition `Ready`. */
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly namespaces?: NamespaceCounts
  /** When the first entry expires in a selected namespace. */
  readonly expiresAt?: Instant
}

export interface StatusCounts {
  readonly fresh: number
  readonly due: number
  readonly expired: number
  readonly unknown: number
  /** With `-f`. */
  readonly missing: number
  /** With `-f`. */
  readonly unused: number
  /** Pull secrets with errors, whatever their result. */
  readonly withErrors: number
}

/** A Secret of type `kubernetes.io/dockerconfigjson`, by its metadata: its data is not read. */
export interface SecretStatus {
  readonly context?: string
  readonly namespace: string
  readonly name: string
  /**
   * The worst of its registries. `fresh`: before its refresh time, two thirds of its lifetime; `due`: after it; `unknown`:
   * pullpass does not manage it, or another client changed it. With `-f`, `missing`: a document selects it, and it does not exist;
   * `unused`: it was written for one of the documents, which does not select it any more.
   */
  readonly result: 'fresh' | 'due' | 'expired' | 'unknown' | 'missing' | 'unused'
  /** The document that it is written for, if pullpass wrote it, or that selects it, if it is missing. */
  readonly document?: string
  /** Field managers that own the credential. */
  readonly managers: readonly string[]
  /** Empty if they are unknown. */
  readonly registries: readonly RegistryStatus[]
  /** The earliest of its registries. */
  readonly expiresAt?: Instant
  /** When pullpass last wrote it. */
  readonly refreshedAt?: Instant
  /** When a manager that owns the credential last changed the Secret, of any owner. */
  readonly writtenAt?: Instant
  readonly createdAt?: Instant
  /** What fails or will fail. */
  readonly errors: readonly ErrorDetail[]
  readonly notes: readonly string[]
}

export interface RegistryStatus {
  /** Of the registry in the document. */
  readonly name: string
  readonly hosts: readonly string[]
  readonly result: 'fresh' | 'due' | 'expired'
  /** Absent if it is unknown: of a password that something else manages. */
  readonly expiresAt?: Instant
  /** When it is due for a refresh. */
  readonly dueAt: Instant
}
