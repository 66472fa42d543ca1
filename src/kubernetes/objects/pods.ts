/** The fields of a pod about its images and pull secrets. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
import type { NamespacedName } from '../../document/document.ts'
import { brokenRule } from '../../document/field-rules.ts'
import { objectName } from '../../document/kubernetes-names.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'

export interface Pod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly createdAt: Date | undefined
  readonly serviceAccountName: string
  /** Absent: no node runs it yet. */
  readonly nodeName: string | undefined
  /** Names, in their order: copied from the service account where the pod named none, at its creation only. */
  readonly imagePullSecrets: readonly string[]
  /** Init containers first, ephemeral ones last. */
  readonly containers: readonly PodContainer[]
  /** The controller that replaces this pod when it is deleted; absent: none. */
  readonly controller: PodController | undefined
  /** Why the pod itself does not run: `Evicted`, `Unschedulable`. */
  readonly stopped: StoppedPod | undefined
  readonly deleting: boolean
}

export interface PodContainer {
  readonly name: string
  readonly kind: 'initContainers' | 'containers' | 'ephemeralContainers'
  /** As the pod names it. */
  readonly image: string
  /** `present`: the node has it. `unknown`: the kubelet has not reported it yet. */
  readonly imageState: 'present' | 'unknown'
  readonly waiting: WaitingReason | undefined
}

export interface WaitingReason {
  /** `ImagePullBackOff`, `ContainerCreating`, … */
  readonly reason: string
  /** Text of the kubelet: untrusted. */
  readonly message: string
}

interface PodController {
  /** `StatefulSet`, `ReplicaSet`, `Job`, … */
  readonly kind: string
  /** A DNS name. */
  readonly name: string
}

interface StoppedPod {
  readonly reason: string
  /** Untrusted. */
  readonly message: string
}

/** Bytes: etcd takes no larger object. */
const longest = 2 * 1024 * 1024

/** undefined where it does not exist. @throws KUBERNETES_FORBIDDEN, and what a cluster throws */
export async function readPod(cluster: Cluster, { namespace, name }: NamespacedName): Promise<Pod | undefined> {
  const response = await cluster.request({
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
    accept: 'application/json',
    maxResponseBytes: longest,
  })
  if (response.status === 404) return undefined
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'pods', name, namespace })
  return podOf(readResponse(cluster, response), { namespace, name })
}

export function podOf(pod: JsonObject, names: NamespacedName): Pod {
  const metadata = asObject(pod['metadata'])
  const spec = asObject(pod['spec'])
  const status = asObject(pod['status'])
  const created = Date.parse(asText(metadata?.['creationTimestamp']) ?? '')
  return {
    ...names,
    uid: asText(metadata?.['uid']) ?? '',
    createdAt: Number.isNaN(created) ? undefined : new Date(created),
    serviceAccountName: asText(spec?.['serviceAccountName']) ?? 'default',
    nodeName: asText(spec?.['nodeName']),
    imagePullSecrets: asList(spec?.['imagePullSecrets']).flatMap((one) => asText(asObject(one)?.['name']) ?? []),
    containers: (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((kind) =>
      containersOf(kind, spec, status),
    ),
    controller: controllerOf(metadata),
    stopped: stoppedOf(status),
    deleting: metadata?.['deletionTimestamp'] !== undefined,
  }
}

const statusField = {
  initContainers: 'initContainerStatuses',
  containers: 'containerStatuses',
  ephemeralContainers: 'ephemeralContainerStatuses',
} as const

function containersOf(
  kind: PodContainer['kind'],
  spec: JsonObject | undefined,
  status: JsonObject | undefined,
): PodContainer[] {
  const statuses = new Map(
    asList(status?.[statusField[kind]]).map((one) => [asObject(one)?.['name'], asObject(one)] as const),
  )
  return asList(spec?.[kind]).map((one) => {
    const container = asObject(one)
    const name = asText(container?.['name']) ?? ''
    const seen = statuses.get(name)
    return {
      name,
      kind,
      image: asText(container?.['image']) ?? '',
      imageState: asText(seen?.['imageID']) ? 'present' : 'unknown',
      waiting: waitingOf(asObject(asObject(seen?.['state'])?.['waiting'])),
    }
  })
}

function waitingOf(waiting: JsonObject | undefined): WaitingReason | undefined {
  const reason = asText(waiting?.['reason'])
  return reason === undefined ? undefined : { reason, message: asText(waiting?.['message']) ?? '' }
}

/** For a ReplicaSet its Deployment, whose name is a prefix of its own: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label */
function controllerOf(metadata: JsonObject | undefined): PodController | undefined {
  const owner = asList(metadata?.['ownerReferences'])
    .map((one) => asObject(one))
    .find((one) => one?.['controller'] === true)
  const [kind, name] = [asText(owner?.['kind']), asText(owner?.['name'])]
  if (kind === undefined || name === undefined) return undefined
  // API servers accept any text in a reference. A controller of another name does not exist.
  if (!/^[A-Za-z][A-Za-z0-9]{0,62}$/.test(kind) || brokenRule(objectName, name) !== undefined) return undefined
  const hash = asText(asObject(metadata?.['labels'])?.['pod-template-hash'])
  return kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)
    ? { kind: 'Deployment', name: name.slice(0, -hash.length - 1) }
    : { kind, name }
}

/** The reason in the status after an eviction or a refused admission by the kubelet, or of the scheduler if no node fits. */
function stoppedOf(status: JsonObject | undefined): StoppedPod | undefined {
  const reason = asText(status?.['reason'])
  if (reason !== undefined) return { reason, message: asText(status?.['message']) ?? '' }
  const scheduled = asList(status?.['conditions'])
    .map((one) => asObject(one))
    .find((one) => one?.['type'] === 'PodScheduled' && one['status'] === 'False')
  const why = asText(scheduled?.['reason'])
  return why === undefined ? undefined : { reason: why, message: asText(scheduled?.['message']) ?? '' }
}
