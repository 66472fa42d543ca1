/** Kubernetes objects to print, the settings of an installation, and names and labels that all objects share. */
import type { Document, NamespacedName } from '../document/document.ts'
import type { Schedule } from './schedule.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** The namespace and image of an installation. */
export interface InstallTarget {
  readonly namespace: string
  readonly image: string
}

/** Settings of an installation that are not part of its documents. */
export interface PodSettings {
  /** Undefined: every 15 minutes. */
  readonly schedule: Schedule | undefined
  /** Additional labels of each object. */
  readonly labels: Readonly<Record<string, string>>
  readonly nodeSelector: Readonly<Record<string, string>>
  readonly tolerations: readonly Toleration[]
  readonly proxy: PodProxy | undefined
  readonly authorities: Authorities | undefined
  /** Ports where API servers listen; `absent`: no NetworkPolicy. */
  readonly networkPolicy: { readonly apiServerPorts: readonly number[] } | 'absent'
}

/** What custom resources may use: their contents are not known when an installation is printed. */
export interface ResourceLimits {
  readonly secretNames: readonly string[]
  /** Accounts whose tokens are requested, and the audiences of these tokens. */
  readonly accounts: readonly NamespacedName[]
  readonly audiences: readonly string[]
  /** Names of ServiceAccounts to whose imagePullSecrets their Secrets may be added. */
  readonly attachedAccounts: readonly string[]
  readonly stuckPods: Document['stuckPods']
  /** What PullSecrets may use in addition to Secret names and audiences; absent: they are not used. */
  readonly tenants?: TenantAllowance | undefined
}

/** In every namespace but kube-*. */
interface TenantAllowance {
  /** Names in the namespace of the PullSecret. */
  readonly serviceAccounts: readonly string[]
  /** HOST[:PORT]. */
  readonly endpoints: readonly string[]
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export interface Toleration {
  readonly key: string
  readonly operator: 'Exists' | 'Equal'
  readonly value?: string
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export interface PodProxy {
  readonly url: string
  /** Undefined if the URL contains a host name. */
  readonly address: string | undefined
  readonly port: number
  readonly noProxy: string | undefined
}

/** Additional certificate authorities: the text of a file, or a key of a ConfigMap that is maintained elsewhere. */
export type Authorities = { readonly text: string } | { readonly configMap: string; readonly key: string }

/** A ServiceAccount that a manifest creates. */
export interface Account {
  readonly namespace: string
  readonly name: string
  /** Of the label app.kubernetes.io/component. */
  readonly component: string
}

/** The name of the ServiceAccount, the CronJob, and other objects that exist once in the namespace. */
export const ownName = 'pullpass'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const ownLabels = { 'app.kubernetes.io/name': 'pullpass', 'app.kubernetes.io/component': 'refresh' } as const

/** The name of the Deployment, its NetworkPolicy and PodDisruptionBudget, and the Lease of its leader. */
export const controllerName = 'pullpass-controller'

/** The name of an object outside the namespace, unique per installation. */
export const clusterWideName = ({ namespace }: InstallTarget, part?: string): string =>
  `${part === undefined ? ownName : `${ownName}-${part}`}.${namespace}`

/** The account of the CronJob. */
export const refreshAccount = ({ namespace }: InstallTarget): Account => ({
  namespace,
  name: ownName,
  component: ownLabels['app.kubernetes.io/component'],
})

/** The namespace admits only restricted Pods.  https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
const restricted = Object.fromEntries(
  ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
)

export const renderNamespace = ({ namespace }: InstallTarget): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: { ...ownLabels, ...restricted } },
})

/** The Pod mounts a token itself, for the duration of a run. */
export const renderServiceAccount = ({ namespace }: InstallTarget): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: ownName, namespace, labels: ownLabels },
  automountServiceAccountToken: false,
})
