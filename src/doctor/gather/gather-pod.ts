/** One pod, its service account as it is now, and what lies in the pull secrets that it names. */

import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { Listed } from '../../kubernetes/list-by-name.ts'
import { listPodEvents, type PodEvent } from '../../kubernetes/list-pod-events.ts'
import { listServiceAccounts, type ServiceAccount } from '../../kubernetes/list-service-accounts.ts'
import { type Pod, readPod } from '../../kubernetes/read-pod.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/read-pull-secret-data.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'

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
