/** The content of the cluster before an installation: namespaces, accounts, and Secrets of other managers. */
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

/** The account's pull secrets, as set by others. */
export async function resetImagePullSecrets({ admin }: Admin, namespace: string, name: string): Promise<void> {
  await admin({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
    contentType: 'application/merge-patch+json',
    body: { imagePullSecrets: [{ name: 'other' }] },
  })
}
