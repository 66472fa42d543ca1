/**
 * The workload that refreshes, and its newest pod: whether it runs at all. Reading them needs further permissions.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asList, asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'
import { readLease } from './lease.ts'
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
  const encodedNamespace = encodeURIComponent(namespace)
  const path = `/apis/batch/v1/namespaces/${encodedNamespace}/cronjobs/${encodeURIComponent(name)}`
  const response = await cluster.request({ method: 'GET', path, maxResponseBytes: longest })
  if (response.status !== 200) return undefined
  const spec = asObject(readResponse(cluster, response)['spec'])
  const pods = await listPods(cluster, namespace)
  const [pod] = pods
    .filter((one) => jobOf(one)?.startsWith(`${name}-`))
    .map((one) => podOf(one, { namespace, name: asText(asObject(one['metadata'])?.['name']) ?? '' }))
    .toSorted(newestFirst)
  return { namespace, name, suspended: spec?.['suspend'] === true, pod }
}

export interface DeploymentFacts extends NamespacedName {
  readonly replicas: number
  readonly ready: number
  /** The newest one with a container that waits; absent: none exists, or pods may not be listed. */
  readonly waiting: Pod | undefined
  /** Of its leader; absent: it does not exist, or may not be read. */
  readonly lease: { readonly holder: string; readonly renewedAt: Date | undefined } | undefined
}

/** undefined where it does not exist, or may not be read. Its Lease has its name. @throws what a cluster throws */
export async function readDeployment(
  cluster: Cluster,
  { namespace, name }: NamespacedName,
): Promise<DeploymentFacts | undefined> {
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments/${encodeURIComponent(name)}`
  const response = await cluster.request({ method: 'GET', path, maxResponseBytes: longest })
  if (response.status !== 200) return undefined
  const { spec, status } = readResponse(cluster, response)
  const [{ replicas }, { readyReplicas }] = [asObject(spec) ?? {}, asObject(status) ?? {}]
  const [pods, lease] = await Promise.all([
    listPods(cluster, namespace),
    readLease(cluster, { namespace, name }).catch((error: unknown) => {
      if (error instanceof PullpassError) return undefined
      throw error
    }),
  ])
  const [waiting] = pods
    .map((one) => podOf(one, { namespace, name: asText(asObject(one['metadata'])?.['name']) ?? '' }))
    .filter(({ controller, containers }) => controller?.name === name && containers.some((one) => one.waiting))
    .toSorted(newestFirst)
  const renewed = new Date(lease?.renewTime ?? '')
  return {
    namespace,
    name,
    replicas: typeof replicas === 'number' ? replicas : 1,
    ready: typeof readyReplicas === 'number' ? readyReplicas : 0,
    waiting,
    lease: lease && { holder: lease.holder, renewedAt: Number.isNaN(renewed.getTime()) ? undefined : renewed },
  }
}

const newestFirst = (one: Pod, other: Pod): number =>
  (other.createdAt?.getTime() ?? 0) - (one.createdAt?.getTime() ?? 0)

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
