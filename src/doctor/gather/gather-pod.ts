/** One pod, its service account as it is now, and what lies in the pull secrets that it names. */
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { listPodEvents, type PodEvent } from '../../kubernetes/objects/events.ts'
import type { Listed } from '../../kubernetes/objects/list.ts'
import { type Pod, readPod } from '../../kubernetes/objects/pods.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/objects/pull-secrets.ts'
import { listServiceAccounts, type ServiceAccount } from '../../kubernetes/objects/service-accounts.ts'

export interface PodFacts {
  readonly asked: NamespacedName
  readonly pod: Pod | PullpassError | undefined
  readonly events: readonly PodEvent[] | PullpassError
  readonly account: ServiceAccount | PullpassError | undefined
  /** By name: of each pull secret that the pod names. */
  readonly secrets: ReadonlyMap<string, PullSecretContent | PullpassError | undefined>
}

/** A pod names few; who names more is looked at in part. */
const mostSecrets = 20

export async function gatherPod(asked: NamespacedName, cluster: Cluster): Promise<PodFacts> {
  const pod = await readPod(cluster, asked).catch(asFault)
  if (pod === undefined || pod instanceof PullpassError)
    return { asked, pod, events: [], account: undefined, secrets: new Map() }
  const { namespace } = asked
  const [events, account, secrets] = await Promise.all([
    listPodEvents(cluster, pod).catch(asFault),
    one(listServiceAccounts(cluster, pod.serviceAccountName, [namespace]), namespace),
    Promise.all(
      pod.imagePullSecrets
        .slice(0, mostSecrets)
        .map(async (name) => [name, await one(readPullSecretData(cluster, name, [namespace]), namespace)] as const),
    ),
  ])
  return { asked, pod, events, account, secrets: new Map(secrets) }
}

async function one<T>(list: Promise<Listed<T>>, namespace: string): Promise<T | PullpassError | undefined> {
  const listed = await list.catch(asFault)
  return listed instanceof PullpassError ? listed : (listed.faults.get(namespace) ?? listed.found.get(namespace))
}
