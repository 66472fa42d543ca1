/** The content of the cluster before an installation: namespaces, accounts, and Secrets of other managers. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { waitUntil } from '../parts/process/wait-until.ts'
import type { InstallSetup } from './start-install-setup.ts'

type Admin = Pick<InstallSetup, 'admin'>

export async function createNamespace(
  { admin }: Admin,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name, labels } } })
}

export async function createServiceAccount({ admin }: Admin, namespace: string, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await admin({ method: 'POST', path, body: { metadata: { name }, imagePullSecrets: [{ name: 'other' }] } })
}

/** As `kubectl create secret docker-registry` creates it; replaces one of the same name. */
export async function createSecret({ admin }: Admin, namespace: string, name: string): Promise<void> {
  await deleteSecret({ admin }, namespace, name)
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
  const body = { metadata: { name }, type: 'kubernetes.io/dockerconfigjson', data }
  await admin({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body })
}

/** Succeeds if it does not exist. */
export async function deleteSecret({ admin }: Admin, namespace: string, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3D${name}`
  await admin({ method: 'DELETE', path })
}

/** Succeeds if it does not exist. */
export async function deleteControllerLease({ admin }: Admin, namespace: string): Promise<void> {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  await admin({ method: 'DELETE', path: `${leases}?fieldSelector=metadata.name%3Dpullpass-controller` })
}

/** A mistake of an administrator: the account of the installation in `namespace` gets every permission. */
export async function bindToClusterAdmin({ admin }: Admin, namespace: string): Promise<void> {
  const body = {
    metadata: { name: `mistake-${namespace}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'pullpass', namespace }],
  }
  await admin({ method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', body })
  const user = `system:serviceaccount:${namespace}:pullpass`
  const review = { spec: { user, resourceAttributes: { verb: '*', group: '*', resource: '*' } } }
  await waitUntil('the binding to be effective', 20_000, async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
    const { status }: { status: { allowed: boolean } } = JSON.parse(
      (await admin({ method: 'POST', path, body: review })).body,
    )
    return status.allowed || undefined
  })
}

/** A Pod of a ReplicaSet whose image could not be pulled; resolves in a later second than the kubelet's report. */
export async function createStuckPod(admin: Admin, namespace: string, { image, secret }: StuckPod): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  await admin.admin({ method: 'DELETE', path: `${path}?fieldSelector=metadata.name%3Dstuck` })
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: randomUUID(), controller: true },
  ]
  const spec = { containers: [{ name: 'main', image }], imagePullSecrets: [{ name: secret }] }
  await admin.admin({ method: 'POST', path, body: { metadata: { name: 'stuck', ownerReferences }, spec } })
  await reportFailedPull(admin, `${path}/stuck`, image)
}

/** With all controllers: ReplicaSet `web`, whose controller creates one Pod again and again. */
export async function createReplicaSet(
  { admin }: Admin,
  namespace: string,
  { image, secret }: StuckPod,
): Promise<void> {
  const labels = { app: 'web' }
  const spec = { containers: [{ name: 'main', image }], imagePullSecrets: [{ name: secret }] }
  await admin({
    method: 'POST',
    path: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
    body: {
      metadata: { name: 'web' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  })
}

/** The Pod of `createReplicaSet`, whose image could not be pulled; its name. */
export async function stickReplica(admin: Admin, namespace: string, { image }: StuckPod): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const { name, isStuck } = await waitUntil('the Pod of the ReplicaSet', 20_000, async () => {
    const { body } = await admin.admin({ path: `${path}?labelSelector=app%3Dweb` })
    const { items }: { items: StoredPod[] } = JSON.parse(body)
    const alive = items.find(({ metadata }) => metadata.deletionTimestamp === undefined)
    return alive && { name: alive.metadata.name, isStuck: alive.status?.containerStatuses !== undefined }
  })
  if (!isStuck) await reportFailedPull(admin, `${path}/${name}`, image)
  return name
}

interface StoredPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly status?: { readonly containerStatuses?: readonly unknown[] }
}

/** As a kubelet; resolves in a later second. */
async function reportFailedPull({ admin }: Admin, podPath: string, image: string): Promise<void> {
  const waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` }
  const main = { name: 'main', image, imageID: '', ready: false, restartCount: 0, state: { waiting } }
  const { body } = await admin({
    method: 'PATCH',
    path: `${podPath}/status?fieldManager=kubelet`,
    contentType: 'application/merge-patch+json',
    body: { status: { containerStatuses: [main] } },
  })
  const { metadata }: { metadata: { managedFields: { manager: string; time: string }[] } } = JSON.parse(body)
  const reported = metadata.managedFields.find(({ manager }) => manager === 'kubelet')
  assert.ok(reported, body)
  const nextSecondMs = Date.parse(reported.time) + 1_000
  await waitUntil('the next second', 5_000, async () => Date.now() >= nextSecondMs || undefined)
}

interface StuckPod {
  readonly image: string
  readonly secret: string
}

/** The account's pull secrets, as set by others. */
export async function resetImagePullSecrets({ admin }: Admin, namespace: string, name: string): Promise<void> {
  await admin({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
    contentType: 'application/merge-patch+json',
    body: { imagePullSecrets: [{ name: 'other' }] },
  })
}
