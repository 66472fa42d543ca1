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

/** So few are asked for one by one: it reads less, and needs fewer rights. */
const few = 4

/** @throws KUBERNETES_FORBIDDEN, for `all` without the right to list in the whole cluster */
export async function listByName<T>(cluster: Cluster, named: NamedAsked, keep: (item: JsonObject) => T): Promise<T[]> {
  const { namespaces } = named
  if (namespaces !== 'all' && namespaces.length <= few) return await listEach(cluster, named, namespaces, keep)
  try {
    return await listIn(cluster, named, undefined, keep)
  } catch (fault) {
    const forbidden = fault instanceof PullpassError && fault.code === 'KUBERNETES_FORBIDDEN'
    if (!forbidden || namespaces === 'all') throw fault
    return await listEach(cluster, named, namespaces, keep)
  }
}

async function listEach<T>(
  cluster: Cluster,
  named: NamedAsked,
  namespaces: readonly string[],
  keep: (item: JsonObject) => T,
): Promise<T[]> {
  const lists = await Promise.all(namespaces.map((namespace) => listIn(cluster, named, namespace, keep)))
  return lists.flat()
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
  } as const
  return await listPages(cluster, list, keep)
}
