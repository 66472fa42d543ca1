/** A Kubernetes object as it is printed, where it is installed, and the names that all of them share. */
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

/** Where pullpass is to run, and from which image. */
export interface Place {
  readonly namespace: string
  readonly image: string
}

/** What an installation needs to run in its cluster, beside what its documents say. */
export interface PodSettings {
  /** Undefined: every quarter of an hour. */
  readonly schedule: Schedule | undefined
  /** Of each object, besides its own. */
  readonly labels: Readonly<Record<string, string>>
  readonly nodeSelector: Readonly<Record<string, string>>
  readonly tolerations: readonly Toleration[]
  readonly proxy: PodProxy | undefined
  readonly authorities: Authorities | undefined
  /** Ports where API servers listen; `absent`: no NetworkPolicy. */
  readonly networkPolicy: { readonly apiServerPorts: readonly number[] } | 'absent'
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
  /** Undefined where the URL names a host. */
  readonly address: string | undefined
  readonly port: number
  readonly noProxy: string | undefined
}

/** Certificates to trust besides the image's own: the text of a file, or a key of a ConfigMap that others maintain. */
export type Authorities = { readonly text: string } | { readonly configMap: string; readonly key: string }

/** A ServiceAccount that a manifest creates. */
export interface Account {
  readonly namespace: string
  readonly name: string
  /** Of the label app.kubernetes.io/component. */
  readonly component: string
}

/** Of the ServiceAccount, the CronJob, and whatever else is made once in the namespace. */
export const ownName = 'pullpass'

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const ownLabels = { 'app.kubernetes.io/name': 'pullpass', 'app.kubernetes.io/component': 'refresh' } as const

/** Outside the namespace two installations must not meet: their names say which one they belong to. */
export const foreignName = ({ namespace }: Place, part?: string): string =>
  `${part === undefined ? ownName : `${ownName}-${part}`}.${namespace}`

/** The account that the CronJob runs as. */
export const refreshAccount = ({ namespace }: Place): Account => ({
  namespace,
  name: ownName,
  component: ownLabels['app.kubernetes.io/component'],
})

/** As the API server names a ServiceAccount, and its tokens their subject. */
export const userName = ({ namespace, name }: Pick<Account, 'namespace' | 'name'>): string =>
  `system:serviceaccount:${namespace}:${name}`

// The namespace that pullpass runs in, which takes restricted Pods alone, and who pullpass is in the cluster.

/** https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
const restricted = Object.fromEntries(
  ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
)

export const renderNamespace = ({ namespace }: Place): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: { ...ownLabels, ...restricted } },
})

/** Its token is mounted by the Pod itself, for as long as a run lasts. */
export const renderServiceAccount = ({ namespace }: Place): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: ownName, namespace, labels: ownLabels },
  automountServiceAccountToken: false,
})
