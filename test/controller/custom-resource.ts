/** ClusterPullSecrets and PullSecrets in the cluster of a sandbox, as kubectl writes them. */
import { parse } from 'yaml'
import { isRecord, type StoredObject } from '../../sandbox/kubernetes/objects/kubernetes-object.ts'
import type { ResourceStatus } from '../../src/document/custom-resource.ts'
import { type DocumentTextOptions, documentText } from '../support/document-text.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'

interface ResourceChanges extends DocumentTextOptions {
  /** Further fields of the spec, or others instead of those of the document. */
  readonly spec?: Readonly<Record<string, unknown>>
}

/** Creates or replaces it; by default `pull`, for namespaces `team-*`. */
export function writeResource(sandbox: TestSandbox, { spec = {}, ...options }: ResourceChanges = {}): StoredObject {
  const written = parse(documentText(sandbox, { include: ['team-*'], ...options }))
  const account = { namespace: 'image-system', name: 'pullpass' }
  const status = readResource(sandbox, written.metadata.name)?.['status']
  return sandbox.cluster.seed({
    ...written,
    ...(status !== undefined && { status }),
    spec: { ...written.spec, serviceAccountRef: account, ...spec },
  })
}

export const readResource = (sandbox: TestSandbox, name = 'pull'): StoredObject | undefined =>
  sandbox.cluster.store.read('ClusterPullSecret', '', name)

export function statusOf(sandbox: TestSandbox, name = 'pull'): ResourceStatus | undefined {
  const status = readResource(sandbox, name)?.['status']
  return isRecord(status) ? JSON.parse(JSON.stringify(status)) : undefined
}

/** The condition Ready. */
export const readyOf = (sandbox: TestSandbox, name = 'pull'): ResourceStatus['conditions'][number] | undefined =>
  statusOf(sandbox, name)?.conditions[0]

/** Deletes it, and what it owns. */
export const deleteResource = async (sandbox: TestSandbox, name = 'pull'): Promise<void> =>
  await deleteAt(sandbox, `clusterpullsecrets/${name}`)

/** As `deleteResource`. */
export const deletePullSecret = async (sandbox: TestSandbox, namespace: string, name = 'pull'): Promise<void> =>
  await deleteAt(sandbox, `namespaces/${namespace}/pullsecrets/${name}`)

async function deleteAt({ cluster, kubeconfig }: TestSandbox, path: string): Promise<void> {
  const token = /token: "?([^"\n]+)"?/.exec(kubeconfig)?.[1] ?? ''
  const { status } = await cluster.handle({
    method: 'DELETE',
    path: `/apis/pullpass.dev/v1alpha1/${path}`,
    query: new URLSearchParams(),
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.alloc(0),
    signal: new AbortController().signal,
  })
  if (status !== 200) throw new Error(`deleting ${path} returned ${status}`)
}

interface TenantChanges {
  readonly namespace: string
  readonly name?: string
  readonly spec?: Readonly<Record<string, unknown>>
}

/** Creates or replaces a PullSecret, by default `pull`, for ServiceAccount `puller`. */
export function writePullSecret(sandbox: TestSandbox, { namespace, name = 'pull', spec }: TenantChanges): StoredObject {
  const { registries } = parse(
    documentText(sandbox, { registries: { google: { host: 'europe-docker.pkg.dev', account: 'none' } } }),
  ).spec
  const status = readTenant(sandbox, namespace, name)?.['status']
  return sandbox.cluster.seed({
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'PullSecret',
    metadata: { name, namespace },
    ...(status !== undefined && { status }),
    spec: { secretName: 'regcred', serviceAccountName: 'puller', registries, ...spec },
  })
}

export const readTenant = (sandbox: TestSandbox, namespace: string, name = 'pull'): StoredObject | undefined =>
  sandbox.cluster.store.read('PullSecret', namespace, name)
