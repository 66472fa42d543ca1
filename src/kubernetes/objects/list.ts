/**
 * Objects of one name: by one list of the whole cluster, or one list per namespace without the permission for that. A list by name is authorized by a rule with that name alone, `resourceNames: [NAME]`.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asText, type JsonObject } from '../../text/json-fields.ts'
import { type KubernetesCall, readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readPage } from './read-page.ts'

export interface NamedListRequest {
  readonly resource: 'secrets' | 'serviceaccounts'
  readonly name: string
  readonly namespaces: readonly string[] | 'all'
  readonly accept: string
}

export interface Listed<T> {
  /** By namespace; with `all`, or many namespaces, also of namespaces that were not named. */
  readonly found: ReadonlyMap<string, T>
  /** Why a namespace could not be read: whether it has the object is unknown. */
  readonly faults: ReadonlyMap<string, PullpassError>
}

/** Up to so many namespaces are listed one by one: this reads less, and needs fewer permissions. */
const few = 4
/** etcd stores no object over 1.5 MiB. Namespaces are listed concurrently, so that the response of each is bounded. */
const oneObjectBytes = 2 * 1024 * 1024

/** @throws KUBERNETES_FORBIDDEN, for `all` without the permission to list in the whole cluster */
export async function listByName<T extends { readonly namespace: string }>(
  cluster: Cluster,
  named: NamedListRequest,
  keep: (item: JsonObject) => T,
): Promise<Listed<T>> {
  const { namespaces } = named
  if (namespaces !== 'all' && namespaces.length <= few) return await listEach(cluster, named, namespaces, keep)
  try {
    return { found: byNamespace(await listIn(cluster, named, undefined, keep)), faults: new Map() }
  } catch (fault) {
    const forbidden = fault instanceof PullpassError && fault.code === 'KUBERNETES_FORBIDDEN'
    if (!forbidden || namespaces === 'all') throw fault
    return await listEach(cluster, named, namespaces, keep)
  }
}

const byNamespace = <T extends { readonly namespace: string }>(items: readonly T[]) =>
  new Map(items.map((item) => [item.namespace, item]))

async function listEach<T extends { readonly namespace: string }>(
  cluster: Cluster,
  named: NamedListRequest,
  namespaces: readonly string[],
  keep: (item: JsonObject) => T,
): Promise<Listed<T>> {
  const faults = new Map<string, PullpassError>()
  const lists = namespaces.map(async (namespace) => {
    try {
      return await listIn(cluster, named, namespace, keep)
    } catch (fault) {
      if (!isOfNamespace(fault)) throw fault
      faults.set(namespace, fault)
      return []
    }
  })
  return { found: byNamespace((await Promise.all(lists)).flat()), faults }
}

/** An unreachable server or an interrupted run is not the fault of one namespace. */
function isOfNamespace(fault: unknown): fault is PullpassError {
  const own = ['KUBERNETES_FORBIDDEN', 'KUBERNETES_REFUSED', 'RESPONSE_TOO_LARGE', 'RESPONSE_MALFORMED']
  return fault instanceof PullpassError && own.includes(fault.code)
}

async function listIn<T>(
  cluster: Cluster,
  request: NamedListRequest,
  namespace: string | undefined,
  keep: (item: JsonObject) => T,
): Promise<T[]> {
  return await listPages(cluster, namedList(request, namespace), keep)
}

/** The objects of one name, in one namespace or in the whole cluster. */
export function namedList(
  { resource, name, accept }: Pick<NamedListRequest, 'resource' | 'name' | 'accept'>,
  namespace?: string,
): ListRequest {
  const prefix = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`
  return {
    path: `/api/v1/${prefix}${resource}`,
    fieldSelector: `metadata.name=${name}`,
    accept,
    call: { verb: 'list', resource, name, ...(namespace === undefined ? {} : { namespace }) },
    ...(namespace === undefined ? {} : { maxResponseBytes: oneObjectBytes }),
  }
}

/** `accept` of a list. https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
export const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** `accept` of a request for one object. */
export const metadataOfOne = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/**
 * A list request, page by page.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export interface ListRequest {
  /** Without a query. */
  readonly path: string
  /** `metadata.name=regcred` */
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** The result of a 404, for a kind that is not served. Absent: an error. */
  readonly whereAbsent?: 'empty'
  readonly accept: string
  readonly call: KubernetesCall
  /** A longer list is an error. Absent: 50,000. */
  readonly maxItems?: number
  /** Of one page; absent: 8 MiB. */
  readonly maxResponseBytes?: number
}

const defaultPageBytes = 8 * 1024 * 1024
const pageSizes = [500, 50, 5, 1] as const
const timeoutMs = 120_000
/** Five times the number of namespaces in a large cluster. */
const defaultMaxItems = 50_000
const maxPages = 50_000
/** Of a list. */
export const maxItemsOf = ({ maxItems = defaultMaxItems }: ListRequest): number => maxItems
const maxAttempts = 4

/** Every item, converted by `keep`, which leaves out those that it returns as undefined; the parsed page itself is discarded immediately. */
export const listPages = async <T>(cluster: Cluster, list: ListRequest, keep: (item: JsonObject) => T): Promise<T[]> =>
  (await listCollection(cluster, list, keep)).items

export interface ListedCollection<T> {
  readonly items: T[]
  /** A watch from this version on sees every later change. */
  readonly resourceVersion: string
}

/** @throws as `listPages` */
export async function listCollection<T>(
  cluster: Cluster,
  list: ListRequest,
  keep: (item: JsonObject) => T | undefined,
): Promise<ListedCollection<T>> {
  for (let attempt = 1, size = 0; ; ) {
    const items = await listOnce(cluster, list, pageSizes[size] ?? 1, keep).catch((fault: unknown) => {
      if (!isTooLarge(fault) || size === pageSizes.length - 1) throw fault
      return 'too large' as const
    })
    if (items === 'endless') throw endless(cluster, list)
    if (items === 'too large') size += 1
    else if (items !== 'expired') return items
    else if (attempt++ === maxAttempts) throw expired(cluster, list.call, maxAttempts)
  }
}

/** Annotations can make a page arbitrarily large; a page of a few objects is bounded. */
const isTooLarge = (fault: unknown) => fault instanceof PullpassError && fault.code === 'RESPONSE_TOO_LARGE'

/** `expired`: the continue token has expired (410), and the list is restarted. `endless`: the list exceeds the limit. */
async function listOnce<T>(
  cluster: Cluster,
  list: ListRequest,
  limit: number,
  keep: (item: JsonObject) => T | undefined,
): Promise<ListedCollection<T> | 'expired' | 'endless'> {
  const { accept, maxResponseBytes = defaultPageBytes } = list
  const maxItems = maxItemsOf(list)
  const items: T[] = []
  for (let page = 1, next: string | undefined; page <= maxPages && items.length <= maxItems; page++) {
    const path = `${list.path}?${pageQuery(list, limit, next)}`
    const response = await cluster.request({ method: 'GET', path, accept, maxResponseBytes, timeoutMs })
    if (response.status === 410) return 'expired'
    if (response.status === 404 && list.whereAbsent === 'empty') return { items: [], resourceVersion: '' }
    if (response.status !== 200) throw readStatus(cluster, response, list.call)
    const content = readPage(cluster, response)
    for (const item of content.items) {
      const kept = keep(item)
      if (kept !== undefined) items.push(kept)
    }
    next = asText(content.metadata['continue'])
    if (!next) return { items, resourceVersion: asText(content.metadata['resourceVersion']) ?? '' }
  }
  return 'endless'
}

const pageQuery = (list: ListRequest, limit: number, next: string | undefined): string =>
  selectorQuery(list, { limit: String(limit), ...(next !== undefined && { continue: next }) })

/** With the list's selectors. */
export function selectorQuery(
  { fieldSelector, labelSelector }: ListRequest,
  parameters: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams(parameters)
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector)
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector)
  return query.toString()
}

function expired({ server }: Cluster, { resource }: KubernetesCall, attempts: number): PullpassError {
  return new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `${server} responded with 410 in the middle of the list of ${resource}, ${attempts} times`,
    expected: 'a list that can be read completely',
    hint: 'no action is needed if it passes: the next run retries',
    retryable: true,
  })
}

function endless({ server }: Cluster, list: ListRequest): PullpassError {
  return new PullpassError({
    code: 'RESPONSE_TOO_LARGE',
    hop: 'kubernetes',
    seen: `${server} returned more than ${maxItemsOf(list)} ${list.call.resource}`,
    expected: 'a list that ends',
    hint: 'check that the server in the kubeconfig is the API server, and that no proxy intercepts the request',
  })
}

// The result of a list by name for one namespace.

/** @throws why that namespace could not be read */
export function foundIn<T>({ found, faults }: Listed<T>, namespace: string): T | undefined {
  const fault = faults.get(namespace)
  if (fault !== undefined) throw fault
  return found.get(namespace)
}
