/** What the cluster shows of rights, namespaces, Secrets and the pod. */
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type CronJobFacts, readCronJob } from '../../kubernetes/objects/cron-jobs.ts'
import { listSecretHooks, type SecretHook } from '../../kubernetes/objects/webhooks.ts'
import { ownName } from '../../manifests/manifest.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import type { Asked, WantedImage } from '../asked.ts'
import { gatherPlaces, type PlaceFacts } from './gather-places.ts'
import { gatherPod, type PodFacts } from './gather-pod.ts'
import { gatherRights, type RightFacts } from './gather-rights.ts'
import type { Patience, Step } from './patience.ts'

export interface ClusterFacts {
  readonly rights: readonly RightFacts[]
  readonly places: PlaceFacts | PullpassError
  readonly pod: PodFacts | undefined
  /** Empty where they may not be read. */
  readonly hooks: readonly SecretHook[]
  /** Of `pullpass manifests`; undefined where it does not exist, or not known where, or may not be read. */
  readonly schedule: CronJobFacts | undefined
  /** Of the pod. */
  readonly images: readonly WantedImage[]
}

export async function gatherCluster(asked: Asked, cluster: Cluster, patience: Patience): Promise<ClusterFacts> {
  const { documents, namespace } = asked
  const { server: of } = cluster
  const account = asked.refresher ?? asked.serviceAccount
  const [rights, places, pod, hooks, schedule] = await Promise.all([
    patience.await({ hops: ['rights'], of }, [], async () => await gatherRights(asked, cluster)),
    patience.await(
      { hops: ['namespace', 'secret', 'service-account'], of },
      nowhere,
      async () => await gatherPlaces(documents, namespace, cluster).catch(asFault),
    ),
    asked.pod && gatherPodInTime(asked.pod, cluster, patience),
    patience.await({ hops: ['write'], of }, [], async () => await listSecretHooks(cluster, ownLabels)),
    account &&
      patience.await(
        { hops: ['schedule'], of },
        undefined,
        async () => await readCronJob(cluster, { namespace: account.namespace, name: ownName }),
      ),
  ])
  return { rights, places, pod, hooks, schedule, images: imagesOf(pod) }
}

/** Of a pull secret, by which webhooks may choose it. */
const ownLabels = { 'app.kubernetes.io/managed-by': 'pullpass' }

const nowhere: PlaceFacts = { jobs: [], namespaces: undefined, secrets: [], accounts: [] }

async function gatherPodInTime(asked: NamespacedName, cluster: Cluster, patience: Patience) {
  const step: Step = { hops: ['pod', 'events', 'back-off'], of: cluster.server }
  return await patience.await(step, undefined, async () => await gatherPod(asked, cluster))
}

function imagesOf(facts: PodFacts | undefined): WantedImage[] {
  const pod = facts?.pod
  if (pod === undefined || pod instanceof PullpassError) return []
  return [...new Set(pod.containers.map(({ image }) => image))].flatMap((name) => {
    const reference = parseImageReference(name)
    return reference === undefined ? [] : [{ name, reference }]
  })
}
