/** One pod, as far as its images and pull secrets go. https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Cluster } from './cluster.ts'
import { readAnswer } from './read-answer.ts'
import { readStatus } from './read-status.ts'

export interface Pod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly createdAt: Date | undefined
  readonly serviceAccountName: string
  /** Names, in their order: copied from the service account where the pod named none, at its creation only. */
  readonly imagePullSecrets: readonly string[]
  /** Of all its containers, each once. */
  readonly images: readonly string[]
  readonly waiting: readonly WaitingContainer[]
  /** Whether something makes a new one where it is deleted. */
  readonly controlled: boolean
  readonly deleting: boolean
}

export interface WaitingContainer {
  readonly container: string
  readonly image: string
  /** `ImagePullBackOff`, `ContainerCreating`, … */
  readonly reason: string
  /** The kubelet's words: from outside. */
  readonly message: string
}

/** Bytes: etcd takes no larger object. */
const longest = 2 * 1024 * 1024

/** undefined where it is not there. @throws KUBERNETES_FORBIDDEN, and what a cluster throws */
export async function readPod(cluster: Cluster, { namespace, name }: NamespacedName): Promise<Pod | undefined> {
  const answer = await cluster.request({
    method: 'GET',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
    accept: 'application/json',
    maxAnswerBytes: longest,
  })
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw readStatus(cluster, answer, { verb: 'get', resource: 'pods', name, namespace })
  return podOf(readAnswer(cluster, answer), { namespace, name })
}

function podOf(pod: JsonObject, names: NamespacedName): Pod {
  const [metadata, spec, status] = ['metadata', 'spec', 'status'].map((part) => asObject(pod[part]) ?? {})
  const created = Date.parse(asText(metadata?.['creationTimestamp']) ?? '')
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((kind) => asList(spec?.[kind]))
  return {
    ...names,
    uid: asText(metadata?.['uid']) ?? '',
    createdAt: Number.isNaN(created) ? undefined : new Date(created),
    serviceAccountName: asText(spec?.['serviceAccountName']) ?? 'default',
    imagePullSecrets: textsOf(asList(spec?.['imagePullSecrets']), 'name'),
    images: [...new Set(textsOf(containers, 'image'))],
    waiting: ['initContainerStatuses', 'containerStatuses']
      .flatMap((kind) => asList(status?.[kind]))
      .flatMap((one) => waitingOf(asObject(one) ?? {})),
    controlled: asList(metadata?.['ownerReferences']).some((owner) => asObject(owner)?.['controller'] === true),
    deleting: metadata?.['deletionTimestamp'] !== undefined,
  }
}

const textsOf = (items: readonly unknown[], field: string): string[] =>
  items.map((item) => asText(asObject(item)?.[field])).filter((text) => text !== undefined)

function waitingOf({ name, image, state }: JsonObject): WaitingContainer[] {
  const waiting = asObject(asObject(state)?.['waiting'])
  const reason = asText(waiting?.['reason'])
  if (reason === undefined) return []
  const message = asText(waiting?.['message']) ?? ''
  return [{ container: asText(name) ?? '', image: asText(image) ?? '', reason, message }]
}
