/** Tells of an object what `kubectl describe` shows. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
import type { NamespacedName } from '../../document/document.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { plainLine } from '../../text/plain-text.ts'
import { withholdSecrets } from '../../text/secret-register.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readStatus } from '../connection/status.ts'
import { listPages } from './list.ts'

export interface EventOfConfigMap {
  readonly about: NamespacedName
  readonly type: 'Normal' | 'Warning'
  /** A word: `KeyUnpublished`. */
  readonly reason: string
  readonly message: string
  readonly at: Date
  /** Tells events of one moment apart. */
  readonly mark: string
}

/** The API server accepts no longer message. */
const longestMessage = 1024
/** What an Event reports is in the log as well, and further reports wait for it. */
const patience = { retryForMs: 2_000, longestMs: 10_000 } as const

/** @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function createEvent(
  cluster: Cluster,
  { about, type, reason, message, at, mark }: EventOfConfigMap,
): Promise<void> {
  const { namespace, name } = about
  const seconds = `${at.toISOString().slice(0, 19)}Z`
  const answer = await cluster.request({
    ...patience,
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 200)}.${mark}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name },
      type,
      reason,
      message: withholdSecrets(plainLine(message), cluster.secrets).slice(0, longestMessage),
      firstTimestamp: seconds,
      lastTimestamp: seconds,
      count: 1,
      source: { component: 'pullpass-issuer' },
      reportingComponent: 'pullpass.dev/issuer',
      reportingInstance: '',
    }),
  })
  if (answer.status !== 201) throw readStatus(cluster, answer, { verb: 'create', resource: 'events', namespace })
}

/**
 * What was noticed of one pod; the API server forgets it after an hour.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
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
