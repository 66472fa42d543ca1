/**
 * One Lease that several replicas want to hold. It is written only from a state that was read before, so that two replicas never
 * both succeed. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 */
import type { NamespacedName } from '../../document/document.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterResponse } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'
import { listPages } from './list.ts'

interface Lease {
  /** Empty: it was released. */
  readonly holder: string
  /** As they are stored, in the format of MicroTime: by the clock of the holder, which may be wrong. */
  readonly acquireTime: string
  readonly renewTime: string
  /** How often the holder changed. */
  readonly transitions: number
}

export interface StoredLease extends Lease {
  readonly resourceVersion: string
}

export interface WrittenLease extends Lease {
  /** For people and other clients; candidates of pullpass use their own. Seconds. */
  readonly durationSeconds: number
}

/** Renewals are frequent: one that is late is worth less than the next one. */
const limits = { timeoutMs: 3_000, retryForMs: 0 } as const

/** Undefined if it does not exist. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function readLease(cluster: Cluster, lease: NamespacedName): Promise<StoredLease | undefined> {
  const response = await cluster.request({ ...limits, method: 'GET', path: pathOf(lease) })
  if (response.status === 404) return undefined
  if (response.status !== 200) throw readStatus(cluster, response, { ...call(lease), verb: 'get' })
  return leaseOf(cluster, response)
}

/** Those of this name, in every namespace. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function listLeases(cluster: Cluster, name: string): Promise<(NamespacedName & Lease)[]> {
  const list = {
    path: leasesPath,
    fieldSelector: `metadata.name=${name}`,
    accept: 'application/json',
    call: { verb: 'list', resource: 'leases', group: 'coordination.k8s.io' },
  } as const
  return await listPages(cluster, list, (item) => ({
    namespace: asText(asObject(item['metadata'])?.['namespace']) ?? '',
    name,
    ...contentOf(item),
  }))
}

/**
 * By an apply whose field manager is the holder: a second replica that creates it at the same time conflicts, and unlike `create`
 * by POST, the permission names the Lease.
 * @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws
 */
export async function createLease(
  cluster: Cluster,
  lease: NamespacedName,
  content: WrittenLease,
): Promise<StoredLease | 'conflict'> {
  const response = await cluster.request({
    ...limits,
    method: 'PATCH',
    path: `${pathOf(lease)}?fieldManager=${encodeURIComponent(content.holder)}`,
    contentType: 'application/apply-patch+yaml', // JSON is YAML
    body: JSON.stringify({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: lease.name, labels: { 'app.kubernetes.io/managed-by': 'pullpass' } },
      spec: specOf(content),
    }),
  })
  if (response.status === 201 || response.status === 200) return leaseOf(cluster, response)
  if (response.status === 409) return 'conflict'
  throw readStatus(cluster, response, { ...call(lease), verb: 'patch' })
}

/** Only from this resourceVersion. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function replaceLease(
  cluster: Cluster,
  lease: NamespacedName,
  { resourceVersion, ...content }: WrittenLease & Pick<StoredLease, 'resourceVersion'>,
): Promise<StoredLease | 'conflict'> {
  const response = await cluster.request({
    ...limits,
    method: 'PATCH',
    path: `${pathOf(lease)}?fieldManager=pullpass`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { resourceVersion }, spec: specOf(content) }),
  })
  if (response.status === 200) return leaseOf(cluster, response)
  // Deleted, or written by another client.
  if (response.status === 409 || response.status === 404) return 'conflict'
  throw readStatus(cluster, response, { ...call(lease), verb: 'patch' })
}

const specOf = ({ holder, acquireTime, renewTime, transitions, durationSeconds }: WrittenLease) => ({
  holderIdentity: holder,
  leaseDurationSeconds: durationSeconds,
  acquireTime,
  renewTime,
  leaseTransitions: transitions,
})

/** With microseconds: the API server accepts no other form. */
export const microTime = (at: Date): string => at.toISOString().replace('Z', '000Z')

function leaseOf(cluster: Cluster, response: ClusterResponse): StoredLease {
  const object = readResponse(cluster, response)
  return { ...contentOf(object), resourceVersion: asText(asObject(object['metadata'])?.['resourceVersion']) ?? '' }
}

function contentOf({ spec }: JsonObject): Lease {
  const fields = asObject(spec) ?? {}
  const transitions = fields['leaseTransitions']
  return {
    holder: asText(fields['holderIdentity']) ?? '',
    acquireTime: asText(fields['acquireTime']) ?? '',
    renewTime: asText(fields['renewTime']) ?? '',
    transitions: typeof transitions === 'number' ? transitions : 0,
  }
}

const leasesPath = '/apis/coordination.k8s.io/v1/leases'

const pathOf = ({ namespace, name }: NamespacedName): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(name)}`

const call = ({ namespace, name }: NamespacedName) =>
  ({ resource: 'leases', group: 'coordination.k8s.io', namespace, name }) as const
