/**
 * Objects of any kind, by their metadata: which kinds the API server has, which objects carry a label, when they were written, and their deletion.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
import type { Context } from '../../http/context.ts'
import { asList, asObject, asText, asTexts, type JsonObject } from '../../text/json-fields.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'
import { listPages, metadataOfOne, metadataOnly } from './list.ts'

/** A kind as the API server serves it. */
export interface ApiKind {
  /** Empty: the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Plural: `cronjobs`. */
  readonly resource: string
}

export interface ApiObject {
  readonly type: ApiKind
  /** Absent: cluster-scoped. */
  readonly namespace?: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  /** UIDs of the objects that own it. */
  readonly ownerUids: readonly string[]
  readonly finalizers: readonly string[]
}

export interface ListedObjects {
  /** Absent: the whole cluster. */
  readonly namespace?: string
  readonly labelSelector?: string
}

/** Empty where the API server does not have this kind. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function listObjects(
  cluster: Cluster,
  type: ApiKind,
  { namespace, labelSelector }: ListedObjects,
): Promise<ApiObject[]> {
  const { resource } = type
  const list = {
    path: collectionPath(type, namespace),
    accept: metadataOnly,
    whereAbsent: 'empty',
    ...(labelSelector !== undefined && { labelSelector }),
    call: { verb: 'list', resource, ...inGroup(type), ...(namespace !== undefined && { namespace }) },
  } as const
  return await listPages(cluster, list, (item) => objectOf(type, item))
}

export function objectOf(type: ApiKind, item: JsonObject): ApiObject {
  const metadata = asObject(item['metadata']) ?? {}
  const namespace = asText(metadata['namespace'])
  return {
    type,
    ...(namespace !== undefined && { namespace }),
    name: asText(metadata['name']) ?? '',
    uid: asText(metadata['uid']) ?? '',
    labels: asTexts(metadata['labels']),
    ownerUids: asList(metadata['ownerReferences']).flatMap((owner) => asText(asObject(owner)?.['uid']) ?? []),
    finalizers: asList(metadata['finalizers']).flatMap((name) => asText(name) ?? []),
  }
}

type DeletedObject = Pick<ApiObject, 'type' | 'namespace' | 'name' | 'uid'>

export interface DeleteWays {
  /** `all`: the API server checks everything and deletes nothing. */
  readonly dryRun: 'all' | 'none'
  /** `Foreground`: the object stays until all that it owns is deleted. */
  readonly propagation?: 'Background' | 'Foreground'
  /** Only from this state. */
  readonly resourceVersion?: string
}

/**
 * Deletes exactly this object: one of the same name with another UID stays.
 * @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED; SECRET_CONFLICT where a Secret was changed meanwhile
 */
export async function deleteObject(
  cluster: Cluster,
  { type, namespace, name, uid }: DeletedObject,
  { dryRun, propagation = 'Background', resourceVersion }: DeleteWays,
): Promise<'deleted' | 'absent'> {
  const response = await cluster.request({
    method: 'DELETE',
    path: `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`,
    accept: `${metadataOfOne},application/json`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      preconditions: { uid, resourceVersion },
      ...(dryRun === 'all' && { dryRun: ['All'] }),
    }),
  })
  if (response.status === 200 || response.status === 202) return 'deleted'
  if (response.status === 404) return 'absent'
  throw readStatus(cluster, response, {
    verb: 'delete',
    resource: type.resource,
    ...inGroup(type),
    name,
    ...(namespace !== undefined && { namespace }),
  })
}

/** Resolves when this object no longer exists, or to the object after `withinMs`. */
export async function waitUntilDeleted(
  cluster: Cluster,
  { type, namespace, name, uid }: DeletedObject,
  withinMs: number,
  { now, sleep, signal }: Pick<Context, 'now' | 'sleep' | 'signal'>,
): Promise<'deleted' | ApiObject> {
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`
  for (const endMs = now().getTime() + withinMs; ; ) {
    const response = await cluster.request({ method: 'GET', path, accept: metadataOfOne })
    if (response.status === 404) return 'deleted'
    if (response.status !== 200)
      throw readStatus(cluster, response, { verb: 'get', resource: type.resource, ...inGroup(type), name })
    const found = objectOf(type, readResponse(cluster, response))
    if (found.uid !== uid) return 'deleted'
    if (now().getTime() >= endMs) return found
    await sleep(1000, signal)
  }
}

/**
 * Every kind that has objects in namespaces and can be listed and deleted, in its preferred version, by the aggregated
 * discovery of Kubernetes 1.30 and newer; undefined where the API server does not respond with it.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
export async function discoverNamespacedKinds(cluster: Cluster): Promise<ApiKind[] | undefined> {
  const responses = await Promise.all(['/api', '/apis'].map(async (path) => await discover(cluster, path)))
  if (responses.includes(undefined)) return undefined
  const groups = responses.flatMap((some) => some ?? [])
  if (groups.some((group) => asText(firstVersionOf(group)?.['freshness']) === 'Stale')) return undefined
  return groups.flatMap(kindsOf)
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

async function discover(cluster: Cluster, path: string): Promise<JsonObject[] | undefined> {
  const response = await cluster.request({
    method: 'GET',
    path,
    accept: `${aggregated},application/json`,
    maxResponseBytes: 8 * 1024 * 1024,
  })
  if (response.status !== 200) throw readStatus(cluster, response, { verb: 'get', resource: 'apis' })
  const content = readResponse(cluster, response)
  if (content['kind'] !== 'APIGroupDiscoveryList') return undefined
  return asList(content['items']).map((group) => asObject(group) ?? {})
}

/** The preferred one. */
const firstVersionOf = (group: JsonObject) => asObject(asList(group['versions'])[0])

function kindsOf(group: JsonObject): ApiKind[] {
  const name = asText(asObject(group['metadata'])?.['name']) ?? ''
  const preferred = firstVersionOf(group)
  return asList(preferred?.['resources']).flatMap((one) => {
    const resource = asObject(one) ?? {}
    const verbs = asList(resource['verbs'])
    if (resource['scope'] !== 'Namespaced' || !verbs.includes('list') || !verbs.includes('delete')) return []
    return {
      group: name,
      version: asText(preferred?.['version']) ?? '',
      kind: asText(asObject(resource['responseKind'])?.['kind']) ?? '',
      resource: asText(resource['resource']) ?? '',
    }
  })
}

const inGroup = ({ group }: ApiKind) => (group === '' ? {} : { group })

/** Of the objects of this kind, in one namespace or in the whole cluster. */
export function collectionPath({ group, version, resource }: Omit<ApiKind, 'kind'>, namespace?: string): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${resource}`
}

/**
 * When one of these field managers last changed something; undefined where none is recorded.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management: `time`
 */
export function lastWrite(managedFields: readonly unknown[], isOne: (entry: JsonObject) => boolean): Date | undefined {
  const times = managedFields.flatMap((value) => {
    const entry = asObject(value) ?? {}
    return isOne(entry) ? (instantOf(entry['time'])?.getTime() ?? []) : []
  })
  return times.length === 0 ? undefined : new Date(times.reduce((latest, one) => Math.max(latest, one)))
}

/** A time in metadata. */
export function instantOf(value: unknown): Date | undefined {
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : new Date(ms)
}
