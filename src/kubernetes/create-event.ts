/** Tells of an object what `kubectl describe` shows. https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { plainLine } from '../outside/plain-text.ts'
import { withholdSecrets } from '../outside/secret-register.ts'
import type { Cluster } from './cluster.ts'
import { readStatus } from './read-status.ts'

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

/** @throws NAMESPACE_MISSING, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
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
