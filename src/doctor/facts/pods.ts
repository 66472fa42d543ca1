/** The pod of `--pod`: its service account, its Events, the content of its pull secrets, and its images. */

import { type DockerConfig, parseDockerConfig, pullSecretType } from '../../credential/docker-config.ts'
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { listPodEvents, type PodEvent } from '../../kubernetes/objects/events.ts'
import type { Listed } from '../../kubernetes/objects/list.ts'
import { type Pod, readPod } from '../../kubernetes/objects/pods.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/objects/pull-secrets.ts'
import { listServiceAccounts, type ServiceAccount } from '../../kubernetes/objects/service-accounts.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import { defineSource, type Source } from '../hop.ts'
import type { Image } from '../request.ts'
import { clusterSource } from './cluster.ts'

export interface PodFacts {
  /** Of `--pod`. */
  readonly name: NamespacedName
  readonly pod: Pod | PullpassError | undefined
  readonly events: readonly PodEvent[] | PullpassError
  readonly account: ServiceAccount | PullpassError | undefined
  /** By name: of each pull secret that the pod names. */
  readonly secrets: ReadonlyMap<string, PullSecretContent | PullpassError | undefined>
}

/** Of a pod with more, the first are read. */
const mostSecrets = 20

/** The pod of `--pod`; undefined without one, or without a cluster. */
export const podSource: Source<PodFacts | undefined> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['pod', 'events', 'back-off'], of: 'cluster' },
  otherwise: undefined,
  gather: async ({ cluster }, { request: { pod } }) =>
    pod && cluster?.cluster && (await gatherPod(pod, cluster.cluster)),
})

async function gatherPod(name: NamespacedName, cluster: Cluster): Promise<PodFacts> {
  const pod = await readPod(cluster, name).catch(asFault)
  if (pod === undefined || pod instanceof PullpassError)
    return { name, pod, events: [], account: undefined, secrets: new Map() }
  const { namespace } = name
  const [events, account, secrets] = await Promise.all([
    listPodEvents(cluster, pod).catch(asFault),
    one(listServiceAccounts(cluster, pod.serviceAccountName, [namespace]), namespace),
    Promise.all(
      pod.imagePullSecrets
        .slice(0, mostSecrets)
        .map(
          async (secret) => [secret, await one(readPullSecretData(cluster, secret, [namespace]), namespace)] as const,
        ),
    ),
  ])
  return { name, pod, events, account, secrets: new Map(secrets) }
}

async function one<T>(list: Promise<Listed<T>>, namespace: string): Promise<T | PullpassError | undefined> {
  const listed = await list.catch(asFault)
  return listed instanceof PullpassError ? listed : (listed.faults.get(namespace) ?? listed.found.get(namespace))
}

/** What a kubelet reads of a pull secret, by its type; undefined where it reads nothing and passes over it. */
export function dockerConfigOf(content: PullSecretContent | PullpassError | undefined): DockerConfig | undefined {
  if (content === undefined || content instanceof PullpassError) return undefined
  const { type, dockerConfigJson, dockerCfg } = content
  if (type === pullSecretType) return dockerConfigJson && parseDockerConfig(dockerConfigJson)
  return type === 'kubernetes.io/dockercfg' ? dockerCfg && parseDockerConfig(dockerCfg, 'bare') : undefined
}

/** `--image` alone, or else those of the pod. */
export const imagesSource: Source<readonly Image[]> = defineSource({
  needs: { pod: podSource },
  otherwise: [],
  gather: async ({ pod }, { request: { image } }) => (image === undefined ? imagesOf(pod?.pod) : [image]),
})

function imagesOf(pod: PodFacts['pod']): Image[] {
  if (pod === undefined || pod instanceof PullpassError) return []
  return [...new Set(pod.containers.map(({ image }) => image))].flatMap((name) => {
    const reference = parseImageReference(name)
    return reference === undefined ? [] : [{ name, reference }]
  })
}
