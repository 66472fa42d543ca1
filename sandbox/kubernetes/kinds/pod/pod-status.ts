/** The initial status of a Pod that the server sets: phase, quality of service class, and required fields.
 *  https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
import { isDeepStrictEqual } from 'node:util'
import { isRecord, type KubernetesObject } from '../../objects/kubernetes-object.ts'

const statuses = ['containerStatuses', 'initContainerStatuses']

export function addPodStatus(pod: KubernetesObject): KubernetesObject {
  const status = isRecord(pod['status']) ? pod['status'] : {}
  const lists = statuses.flatMap((field) => {
    const list = status[field]
    return Array.isArray(list) ? [[field, list.map(addContainerStatus)]] : []
  })
  return {
    ...pod,
    status: { phase: 'Pending', qosClass: qosClassOf(pod['spec']), ...status, ...Object.fromEntries(lists) },
  }
}

const addContainerStatus = (container: unknown): unknown =>
  isRecord(container)
    ? { state: {}, lastState: {}, ready: false, restartCount: 0, image: '', imageID: '', ...container }
    : container

function qosClassOf(spec: unknown): string {
  const containers = isRecord(spec) && Array.isArray(spec['containers']) ? spec['containers'] : []
  const resources = containers.map((container: unknown) => resourcesOf(container))
  if (resources.every(({ requests, limits }) => Object.keys({ ...requests, ...limits }).length === 0))
    return 'BestEffort'
  const isBounded = resources.every(
    ({ requests, limits }) =>
      limits['cpu'] !== undefined &&
      limits['memory'] !== undefined &&
      isDeepStrictEqual({ ...limits, ...requests }, limits),
  )
  return isBounded ? 'Guaranteed' : 'Burstable'
}

function resourcesOf(container: unknown) {
  const resources = isRecord(container) && isRecord(container['resources']) ? container['resources'] : {}
  const { requests, limits } = resources
  return { requests: isRecord(requests) ? requests : {}, limits: isRecord(limits) ? limits : {} }
}
