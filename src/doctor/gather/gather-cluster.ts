/** What the cluster shows of rights, namespaces, Secrets and the pod. */
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { parseImageReference } from '../../registry/parse-image-reference.ts'
import type { Asked, WantedImage } from '../asked.ts'
import { gatherPlaces, type PlaceFacts } from './gather-places.ts'
import { gatherPod, type PodFacts } from './gather-pod.ts'
import { gatherRights, type RightFacts } from './gather-rights.ts'

export interface ClusterFacts {
  readonly rights: readonly RightFacts[]
  readonly places: PlaceFacts | PullpassError
  readonly pod: PodFacts | undefined
  /** Of the pod. */
  readonly images: readonly WantedImage[]
}

export async function gatherCluster(asked: Asked, cluster: Cluster): Promise<ClusterFacts> {
  const { documents, namespace } = asked
  const [rights, places, pod] = await Promise.all([
    gatherRights(asked, cluster),
    gatherPlaces(documents, namespace, cluster).catch(asFault),
    asked.pod && gatherPod(asked.pod, cluster),
  ])
  return { rights, places, pod, images: imagesOf(pod) }
}

function imagesOf(facts: PodFacts | undefined): WantedImage[] {
  const pod = facts?.pod
  if (pod === undefined || pod instanceof PullpassError) return []
  return pod.images.flatMap((name) => {
    const reference = parseImageReference(name)
    return reference === undefined ? [] : [{ name, reference }]
  })
}
