/**
 * A CronJob, and the newest pod that one of its Jobs created: whether it runs at all. Reading them needs a further permission.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
import type { NamespacedName } from '../../document/document.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'
import { type Pod, podOf } from './pods.ts'

export interface CronJobFacts extends NamespacedName {
  readonly suspended: boolean
  /** The newest one; absent: none exists, or pods may not be listed. */
  readonly pod: Pod | undefined
}

/** Bytes: a few pods of a few KiB. */
const longest = 2 * 1024 * 1024

/** undefined where it does not exist, or may not be read. @throws what a cluster throws */
export async function readCronJob(
  cluster: Cluster,
  { namespace, name }: NamespacedName,
): Promise<CronJobFacts | undefined> {
  const place = encodeURIComponent(namespace)
  const path = `/apis/batch/v1/namespaces/${place}/cronjobs/${encodeURIComponent(name)}`
  const response = await cluster.request({ method: 'GET', path, maxResponseBytes: longest })
  if (response.status !== 200) return undefined
  const spec = asObject(readResponse(cluster, response)['spec'])
  const pods = await listPods(cluster, namespace)
  const [pod] = pods
    .filter((one) => jobOf(one)?.startsWith(`${name}-`))
    .map((one) => podOf(one, { namespace, name: asText(asObject(one['metadata'])?.['name']) ?? '' }))
    .toSorted((one, other) => (other.createdAt?.getTime() ?? 0) - (one.createdAt?.getTime() ?? 0))
  return { namespace, name, suspended: spec?.['suspend'] === true, pod }
}

async function listPods(cluster: Cluster, namespace: string): Promise<JsonObject[]> {
  const query = new URLSearchParams({ labelSelector: 'app.kubernetes.io/name=pullpass', limit: '100' })
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${query.toString()}`
  const response = await cluster.request({ method: 'GET', path, maxResponseBytes: longest })
  if (response.status !== 200) return []
  return asList(readResponse(cluster, response)['items']).map((item) => asObject(item) ?? {})
}

/** Name of the Job that created a pod. */
function jobOf(pod: JsonObject): string | undefined {
  const owners = asList(asObject(pod['metadata'])?.['ownerReferences']).map((one) => asObject(one))
  return asText(owners.find((one) => one?.['kind'] === 'Job')?.['name'])
}
