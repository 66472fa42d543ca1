/** The namespaces of a cluster, by their metadata: the deletion timestamp replaces the phase Terminating. */
import { asObject, asText, asTexts, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { type ListRequest, listPages, metadataOnly } from './list.ts'

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly terminating: boolean
}

/** @throws KUBERNETES_FORBIDDEN without the permission to list namespaces */
export async function listNamespaces(cluster: Cluster): Promise<Namespace[]> {
  return await listPages(cluster, allNamespaces, namespaceOf)
}

/** Undefined: it does not exist. @throws KUBERNETES_FORBIDDEN without the permission to list namespaces */
export async function readNamespace(cluster: Cluster, name: string): Promise<Namespace | undefined> {
  const [found] = await listPages(cluster, { ...allNamespaces, fieldSelector: `metadata.name=${name}` }, namespaceOf)
  return found
}

export const allNamespaces: ListRequest = {
  path: '/api/v1/namespaces',
  accept: metadataOnly,
  call: { verb: 'list', resource: 'namespaces' },
}

export function namespaceOf(item: JsonObject): Namespace {
  const metadata = asObject(item['metadata']) ?? {}
  return {
    name: asText(metadata['name']) ?? '',
    labels: asTexts(metadata['labels']),
    terminating: metadata['deletionTimestamp'] !== undefined,
  }
}
