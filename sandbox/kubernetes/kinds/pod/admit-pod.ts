/** The changes of the admission plugins ServiceAccount, Priority and DefaultTolerationSeconds to a new Pod.
 *  https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount */
import { forbidden } from '../../calls/status-error.ts'
import { isRecord, type KubernetesObject, textField } from '../../objects/kubernetes-object.ts'
import type { ObjectStore } from '../../objects/object-store.ts'

type Fields = Record<string, unknown>

/** @throws StatusError 403 if its ServiceAccount does not exist */
export function admitPod(pod: KubernetesObject, store: ObjectStore): KubernetesObject {
  const { name, namespace = '' } = pod.metadata
  const spec: Fields = isRecord(pod['spec']) ? pod['spec'] : {}
  const accountName = textField(spec, 'serviceAccountName') || textField(spec, 'serviceAccount') || 'default'
  const account = store.read('ServiceAccount', namespace, accountName)
  if (!account) {
    const why = `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`
    throw forbidden({ kind: 'pods', name }, why)
  }
  const admitted: Fields = {
    ...spec,
    serviceAccountName: accountName,
    serviceAccount: accountName,
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    tolerations: [...listOf(spec['tolerations']), ...['not-ready', 'unreachable'].map(tolerationOf)],
    // Copied once on creation, only if the Pod has none.
    ...(listOf(spec['imagePullSecrets']).length === 0 &&
      listOf(account['imagePullSecrets']).length > 0 && { imagePullSecrets: account['imagePullSecrets'] }),
  }
  const mounts = spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true
  return { ...pod, spec: mounts === false ? admitted : withTokenVolume(admitted, name) }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const tolerationOf = (condition: string) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
})

/** The projected volume with the account's token for the API server; its name has a suffix per Pod. */
function withTokenVolume(spec: Fields, podName: string): Fields {
  const name = `kube-api-access-${Buffer.from(podName).toString('hex').slice(-5)}`
  const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' }
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
  ]
  const mounting = (container: unknown): unknown =>
    isRecord(container)
      ? { ...container, volumeMounts: [...listOf(container['volumeMounts']), { name, readOnly: true, mountPath }] }
      : container
  return {
    ...spec,
    volumes: [...listOf(spec['volumes']), { name, projected: { sources, defaultMode: 420 } }],
    containers: listOf(spec['containers']).map(mounting),
    ...(spec['initContainers'] !== undefined && { initContainers: listOf(spec['initContainers']).map(mounting) }),
  }
}
