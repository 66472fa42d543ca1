/** A document as it is written in a file: the fields of the reference page, before defaults. */
import type { DocumentIssuer, LabelSelector, NamespacedName } from './document.ts'

export type DocumentForm = ClusterPullSecretForm | PullSecretForm

export interface ClusterPullSecretForm {
  readonly apiVersion: 'pullpass.dev/v1alpha1'
  readonly kind: 'ClusterPullSecret'
  readonly metadata: MetadataForm
  readonly spec: {
    readonly secretName?: string
    readonly namespaces: NamespacesForm
    readonly registries: readonly RegistryForm[]
    readonly serviceAccountRef?: NamespacedName
    readonly issuer?: DocumentIssuer
    readonly attachToServiceAccounts?: readonly string[]
    readonly stuckPods?: 'Ignore' | 'Evict'
    readonly conflictPolicy?: 'Refuse' | 'Adopt'
    readonly deletionPolicy?: 'Retain' | 'Delete'
  }
}

/** The kind for tenants: a service account and registries, without fields that affect other namespaces. */
export interface PullSecretForm {
  readonly apiVersion: 'pullpass.dev/v1alpha1'
  readonly kind: 'PullSecret'
  readonly metadata: MetadataForm & { readonly namespace: string }
  readonly spec: {
    readonly secretName?: string
    readonly serviceAccountName: string
    readonly registries: readonly RegistryForm[]
    readonly deletionPolicy?: 'Retain' | 'Delete'
  }
}

interface MetadataForm {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

interface NamespacesForm {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly selector?: LabelSelector
  readonly emptyPolicy?: 'Fail' | 'Allow'
}

/** One registry: the fields that all have, and under the identifier of exactly one vendor that vendor's fields. */
export interface RegistryForm {
  readonly name: string
  readonly hosts: readonly string[]
  readonly hostPolicy?: 'Vendor' | 'Any'
  readonly audience?: string
  readonly tokenFile?: string
  readonly [vendor: string]: unknown
}
