/** Events of the core API, as `kubectl describe` shows them. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import { plainLine } from '../../text/plain-text.ts'
import { withholdSecrets } from '../../text/secret-register.ts'
import { rfc3339 } from '../../text/time.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { listPages } from './list.ts'

export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** Absent: every object of that name. */
  readonly uid?: string
}

export interface EventToCreate {
  readonly about: ObjectReference
  /** The part of pullpass that reports: `issuer`. */
  readonly component: string
  readonly type: 'Normal' | 'Warning'
  /** In CamelCase: `KeyUnpublished`. */
  readonly reason: string
  readonly message: string
  readonly at: Date
  /** Makes the Event's name unique. */
  readonly suffix: string
}

/** The limit of the API server. */
const maxMessageLength = 1024
/** The log has the message too, and other work waits for this request. */
const limits = { retryForMs: 2_000, timeoutMs: 10_000 } as const

/** @throws NAMESPACE_NOT_FOUND, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function createEvent(
  cluster: Cluster,
  { about, component, type, reason, message, at, suffix }: EventToCreate,
): Promise<void> {
  const { namespace, name } = about
  const seconds = rfc3339(at)
  const response = await cluster.request({
    ...limits,
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name.slice(0, 200)}.${suffix}`, namespace },
      involvedObject: about,
      type,
      reason,
      message: withholdSecrets(plainLine(message), cluster.secrets).slice(0, maxMessageLength),
      firstTimestamp: seconds,
      lastTimestamp: seconds,
      count: 1,
      source: { component: `pullpass-${component}` },
      reportingComponent: `pullpass.dev/${component}`,
      reportingInstance: '',
    }),
  })
  if (response.status !== 201) throw readStatus(cluster, response, { verb: 'create', resource: 'events', namespace })
}

/**
 * An Event about one pod; the API server keeps it for an hour by default.
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export interface PodEvent {
  /** `Failed`, `BackOff`, `FailedToRetrieveImagePullSecret`, … */
  readonly reason: string
  /** Text of another component: untrusted. */
  readonly message: string
  /** The last time. */
  readonly at: Date | undefined
}

export interface PodOfEvents {
  readonly namespace: string
  readonly name: string
  /** Distinguishes it from an earlier pod of the same name. */
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
    call: { verb: 'list', resource: 'events', namespace },
    maxResponseBytes: largestPage,
  } as const
  const events = await listPages(cluster, list, eventOf)
  return events.toSorted((one, other) => (other.at?.getTime() ?? 0) - (one.at?.getTime() ?? 0))
}

/** An event of the newer API has its times in other fields: those of a series, or one time. */
function eventOf(event: JsonObject): PodEvent {
  const times = [event['lastTimestamp'], asObject(event['series'])?.['lastObservedTime'], event['eventTime']]
  const [at] = times.map((time) => Date.parse(asText(time) ?? '')).filter((time) => !Number.isNaN(time))
  return {
    reason: asText(event['reason']) ?? '',
    message: asText(event['message']) ?? '',
    at: at === undefined ? undefined : new Date(at),
  }
}
