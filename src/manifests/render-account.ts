/** The namespace that pullpass runs in, which takes restricted Pods alone, and who pullpass is in the cluster. */
import { type Manifest, ownLabels, ownName, type Place } from './manifest.ts'

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
