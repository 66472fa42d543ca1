/** The namespaces of a cluster, by their metadata: the deletion timestamp replaces the phase Terminating. */
import { asObject, asText, asTexts, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { listPages, metadataOnly } from './list.ts'

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly terminating: boolean
}

/** @throws KUBERNETES_FORBIDDEN without the permission to list namespaces */
export async function listNamespaces(cluster: Cluster): Promise<Namespace[]> {
  const list = {
    path: '/api/v1/namespaces',
    accept: metadataOnly,
    call: { verb: 'list', resource: 'namespaces' },
  } as const
  return await listPages(cluster, list, namespaceOf)
}

function namespaceOf(item: JsonObject): Namespace {
  const metadata = asObject(item['metadata']) ?? {}
  return {
    name: asText(metadata['name']) ?? '',
    labels: asTexts(metadata['labels']),
    terminating: metadata['deletionTimestamp'] !== undefined,
  }
}
