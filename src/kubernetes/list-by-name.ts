/**
 * Objects of one name, wherever they are: by one list of the whole cluster, or namespace by namespace where the rights
 * go no further. A list by name is authorized by a rule with that name alone, `resourceNames: [NAME]`.
 */

import type { JsonObject } from '../outside/json-fields.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Cluster } from './cluster.ts'
import { listPages } from './list-pages.ts'

export interface NamedAsked {
  readonly resource: 'secrets' | 'serviceaccounts'
  readonly name: string
  readonly namespaces: readonly string[] | 'all'
  readonly accept: string
}

export interface Listed<T> {
  /** By namespace; with `all`, or many namespaces, also of namespaces that were not named. */
  readonly found: ReadonlyMap<string, T>
  /** Why a namespace could not be looked into: whether there is something in it is not known then. */
  readonly faults: ReadonlyMap<string, PullpassError>
}

/** So few are asked for one by one: it reads less, and needs fewer rights. */
const few = 4
/** etcd takes no object over 1.5 MiB. Many namespaces are asked at once: what one of them can fill is bounded. */
const oneObjectBytes = 2 * 1024 * 1024

/** @throws KUBERNETES_FORBIDDEN, for `all` without the right to list in the whole cluster */
export async function listByName<T extends { readonly namespace: string }>(
  cluster: Cluster,
  named: NamedAsked,
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
  named: NamedAsked,
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

/** A server that cannot be reached, or an ended run, is no namespace's own trouble. */
function isOfNamespace(fault: unknown): fault is PullpassError {
  const own = ['KUBERNETES_FORBIDDEN', 'KUBERNETES_REFUSED', 'ANSWER_TOO_LARGE', 'ANSWER_MALFORMED']
  return fault instanceof PullpassError && own.includes(fault.code)
}

async function listIn<T>(
  cluster: Cluster,
  { resource, name, accept }: NamedAsked,
  namespace: string | undefined,
  keep: (item: JsonObject) => T,
): Promise<T[]> {
  const place = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`
  const list = {
    path: `/api/v1/${place}${resource}`,
    fieldSelector: `metadata.name=${name}`,
    accept,
    asked: { verb: 'list', resource, name, ...(namespace === undefined ? {} : { namespace }) },
    ...(namespace === undefined ? {} : { maxAnswerBytes: oneObjectBytes }),
  } as const
  return await listPages(cluster, list, keep)
}
