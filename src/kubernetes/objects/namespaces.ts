/** The namespaces of a cluster, by their metadata: the deletion timestamp replaces the phase Terminating. */
import { asObject, asText, asTexts, type JsonObject } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'
import { type ListRequest, listPages, metadataOfOne, metadataOnly } from './list.ts'

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly terminating: boolean
}

/** @throws KUBERNETES_FORBIDDEN without the permission to list namespaces */
export async function listNamespaces(cluster: Cluster): Promise<Namespace[]> {
  return await listPages(cluster, allNamespaces, namespaceOf)
}

/** By the permission of the controller, to list namespaces. Undefined: it does not exist. @throws KUBERNETES_FORBIDDEN without it */
export async function readNamespace(cluster: Cluster, name: string): Promise<Namespace | undefined> {
  const [found] = await listPages(cluster, { ...allNamespaces, fieldSelector: `metadata.name=${name}` }, namespaceOf)
  return found
}

/**
 * By the permission to get this namespace, which a role in it grants, and no list needs. False: it exists, or may not be read.
 */
export async function isAbsentNamespace(cluster: Cluster, name: string): Promise<boolean> {
  const path = `${allNamespaces.path}/${encodeURIComponent(name)}`
  return (await cluster.request({ method: 'GET', path, accept: metadataOfOne })).status === 404
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
