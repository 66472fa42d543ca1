/**
 * Pods in phase Pending, and of those that cannot pull an image with the credential that they have, what an eviction needs to know.
 * A pod is Pending as long as one of its containers has never started: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { lastWrite } from './api-object.ts'
import type { ListRequest } from './list.ts'
import { podOf } from './pods.ts'
import { type PullFailure, parsePullFailure } from './pull-failure.ts'

export interface PendingPod {
  readonly namespace: string
  readonly name: string
  /** Undefined: it does not wait for an image, or nothing would recreate it. */
  readonly stuck: StuckPod | undefined
}

export interface StuckPod extends EvictedPod {
  readonly serviceAccountName: string
  readonly imagePullSecrets: readonly string[]
  /** As the pod names them: those that could not be pulled. */
  readonly images: readonly string[]
  /** When the kubelet last reported its containers, by the clock of the API server: not before its last attempt to pull. */
  readonly reportedAt: Date
}

/** In one namespace, or in the whole cluster. */
export const pendingPods = (namespace: string | undefined): ListRequest => ({
  path: `/api/v1/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}pods`,
  fieldSelector: 'status.phase=Pending',
  accept: 'application/json',
  call: { verb: 'list', resource: 'pods', ...(namespace !== undefined && { namespace }) },
})

export function pendingPodOf(item: JsonObject): PendingPod {
  const metadata = asObject(item['metadata']) ?? {}
  const names = { namespace: asText(metadata['namespace']) ?? '', name: asText(metadata['name']) ?? '' }
  return { ...names, stuck: stuckPodOf(item, metadata, names) }
}

/**
 * Their controllers replace a pod that is deleted. One of a Job would count as failed, and other owners, such as a node or a
 * workflow, do not replace it.
 */
const recreating: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController']

function stuckPodOf(
  item: JsonObject,
  metadata: JsonObject,
  names: Pick<PendingPod, 'namespace' | 'name'>,
): StuckPod | undefined {
  const { uid, serviceAccountName, imagePullSecrets, containers, controller, deleting } = podOf(item, names)
  const images = containers.flatMap(({ image, waiting }) => (waiting && mayLackCredential(waiting) ? [image] : []))
  const reportedAt = lastReport(asList(metadata['managedFields']))
  const recreated = controller !== undefined && recreating.includes(controller.kind)
  if (images.length === 0 || deleting || !recreated || reportedAt === undefined) return undefined
  const resourceVersion = asText(metadata['resourceVersion']) ?? ''
  return { ...names, uid, resourceVersion, serviceAccountName, imagePullSecrets, images, reportedAt }
}

/** Registries respond 404 in place of 403, and the kubelet repeats no cause while it backs off. */
const credentialFailures: readonly PullFailure[] = ['credential refused', 'absent', 'unknown']

const mayLackCredential = (waiting: { readonly reason: string; readonly message: string }): boolean =>
  ['ErrImagePull', 'ImagePullBackOff'].includes(waiting.reason) &&
  credentialFailures.includes(parsePullFailure(waiting))

/**
 * Of the field managers that own statuses of containers: the kubelet, whatever its binary is called. It writes them with each attempt
 * (measured with a kubelet: ErrImagePull, and ImagePullBackOff 12 to 14 s later).
 */
const lastReport = (managedFields: readonly unknown[]): Date | undefined =>
  lastWrite(managedFields, ({ fieldsV1 }) => {
    const status = asObject(asObject(fieldsV1)?.['f:status'])
    return ['f:containerStatuses', 'f:initContainerStatuses'].some((field) => status?.[field] !== undefined)
  })

// Eviction: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/

export interface EvictedPod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/**
 * Exactly as it was seen: one that changed meanwhile stays. `postponed` (429): a PodDisruptionBudget does not allow it now, or the API
 * server is overloaded. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws
 */
export async function evictPod(
  cluster: Cluster,
  { namespace, name, uid, resourceVersion }: EvictedPod,
): Promise<'evicted' | 'changed' | 'postponed'> {
  const response = await cluster.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
      deleteOptions: { preconditions: { uid, resourceVersion } },
    }),
    retryForMs: 0,
  })
  const { status } = response
  if (status === 200 || status === 201) return 'evicted'
  if (status === 404 || status === 409) return 'changed'
  if (status === 429) return 'postponed'
  throw readStatus(cluster, response, { verb: 'create', resource: 'pods/eviction', namespace })
}
