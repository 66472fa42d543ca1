/** The namespaces of a cluster, by their metadata: the deletion timestamp replaces the phase Terminating. */
import { asObject, asText, asTexts, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { listPages, metadataOnly } from './list.ts'
import { type CollectionEvent, type WatchContext, watchCollection } from './watch.ts'

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly terminating: boolean
}

/** @throws KUBERNETES_FORBIDDEN without the permission to list namespaces */
export async function listNamespaces(cluster: Cluster): Promise<Namespace[]> {
  return await listPages(cluster, list, namespaceOf)
}

const list = {
  path: '/api/v1/namespaces',
  accept: metadataOnly,
  call: { verb: 'list', resource: 'namespaces' },
} as const

/** Does not end by itself. @throws as `watchCollection` */
export const watchNamespaces = (
  cluster: Cluster,
  context: WatchContext,
): AsyncGenerator<CollectionEvent<Namespace>, never> => watchCollection(cluster, list, namespaceOf, context)

function namespaceOf(item: JsonObject): Namespace {
  const metadata = asObject(item['metadata']) ?? {}
  return {
    name: asText(metadata['name']) ?? '',
    labels: asTexts(metadata['labels']),
    terminating: metadata['deletionTimestamp'] !== undefined,
  }
}
