/**
 * What was noticed of one pod; the API server forgets it after an hour.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import { asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Cluster } from './cluster.ts'
import { listPages } from './list-pages.ts'

export interface PodEvent {
  /** `Failed`, `BackOff`, `FailedToRetrieveImagePullSecret`, … */
  readonly reason: string
  /** Somebody's words: from outside. */
  readonly message: string
  /** The last time. */
  readonly at: Date | undefined
}

export interface PodOfEvents {
  readonly namespace: string
  readonly name: string
  /** Tells it from an earlier pod of its name. */
  readonly uid: string
}

/** Bytes of one page. */
const largestPage = 2 * 1024 * 1024

/** Latest first. @throws KUBERNETES_FORBIDDEN, and what a cluster throws */
export async function listPodEvents(cluster: Cluster, { namespace, name, uid }: PodOfEvents): Promise<PodEvent[]> {
  const list = {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${name},involvedObject.uid=${uid}`,
    accept: 'application/json',
    asked: { verb: 'list', resource: 'events', namespace },
    maxAnswerBytes: largestPage,
  } as const
  const events = await listPages(cluster, list, eventOf)
  return events.toSorted((one, other) => (other.at?.getTime() ?? 0) - (one.at?.getTime() ?? 0))
}

/** An event of the newer API has its times elsewhere: a series, or the one moment. */
function eventOf(event: JsonObject): PodEvent {
  const times = [event['lastTimestamp'], asObject(event['series'])?.['lastObservedTime'], event['eventTime']]
  const [at] = times.map((time) => Date.parse(asText(time) ?? '')).filter((time) => !Number.isNaN(time))
  return {
    reason: asText(event['reason']) ?? '',
    message: asText(event['message']) ?? '',
    at: at === undefined ? undefined : new Date(at),
  }
}
