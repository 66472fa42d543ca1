/** The custom resources of a cluster, as documents, and their definitions. */
import { type ResourceType, resourceTypes } from '../document/custom-resource.ts'
import type { Document } from '../document/document.ts'
import type { DocumentVendors } from '../document/document-vendor.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import {
  type ApiKind,
  type ApiObject,
  collectionPath,
  listObjects,
  objectOf,
} from '../kubernetes/objects/api-object.ts'
import { listPages } from '../kubernetes/objects/list.ts'

export interface InstalledResources {
  readonly definitions: readonly ApiObject[]
  readonly objects: readonly CustomObject[]
}

interface CustomObject {
  readonly object: ApiObject
  /** Absent: it is invalid, so its Secrets are not known. */
  readonly document: Document | undefined
}

const definitionKind: ApiKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
}

/** @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function findResources(cluster: Cluster, vendors: DocumentVendors): Promise<InstalledResources> {
  const labelled = await listObjects(cluster, definitionKind, { labelSelector: 'app.kubernetes.io/name=pullpass' })
  const byName = new Map(resourceTypes.map((type) => [`${type.resource}.${type.group}`, type]))
  const definitions = labelled.filter(({ name }) => byName.has(name))
  const types = definitions.flatMap(({ name }) => byName.get(name) ?? [])
  const lists = await Promise.all(types.map(async (type) => await listOf(type, cluster, vendors)))
  return { definitions, objects: lists.flat() }
}

async function listOf(type: ResourceType, cluster: Cluster, vendors: DocumentVendors): Promise<CustomObject[]> {
  const { group, version, kind, resource } = type
  const list = {
    path: collectionPath(type),
    accept: 'application/json',
    call: { verb: 'list', resource, group },
  } as const
  const items = await listPages(cluster, list, ({ metadata, spec }) => ({ metadata, spec }))
  // Loaded where custom resources exist: a schema takes milliseconds.
  const { documentOfResource } = await import('../document/read-documents.ts')
  const objects: CustomObject[] = []
  for (const item of items) {
    const document = await documentOfResource(type, item, vendors).catch((error: unknown) => {
      if (error instanceof PullpassError) return undefined
      throw error
    })
    objects.push({ object: objectOf({ group, version, kind, resource }, item), document })
  }
  return objects
}
