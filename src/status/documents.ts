/** The documents of a cluster as custom resources, by the status that their controller wrote. */
import { pullSecretType, resourceTypes, storedReady } from '../document/custom-resource.ts'
import type { Document } from '../document/document.ts'
import { needsNamespaceList } from '../document/namespaces.ts'
import { asFault } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { collectionPath } from '../kubernetes/objects/api-object.ts'
import { listPages } from '../kubernetes/objects/list.ts'
import { listNamespaces } from '../kubernetes/objects/namespaces.ts'
import { type Job, planRefresh } from '../refresh/plan.ts'
import { asObject, asText, type JsonObject } from '../text/json-fields.ts'

export interface ResourceState {
  readonly kind: string
  /** Absent: it is cluster-scoped. */
  readonly namespace: string | undefined
  readonly name: string
  readonly ready: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly namespaces: { readonly selected: number; readonly fresh: number } | undefined
  readonly expiresAt: Date | undefined
  /** Whether it fails, or no controller has evaluated it. */
  readonly problem: 'none' | 'not ready' | 'not evaluated'
}

export interface ListedResources {
  readonly resources: readonly ResourceState[]
  readonly notes: readonly string[]
}

/**
 * Where their definitions are installed. That they may not be listed is a note: Secrets state what matters.
 * `namespaces`: only the PullSecrets of these; empty: all, and ClusterPullSecrets.
 */
export async function listResources(cluster: Cluster, namespaces: readonly string[]): Promise<ListedResources> {
  const parts =
    namespaces.length === 0
      ? resourceTypes.map((type) => ({ type, namespace: undefined }))
      : namespaces.map((namespace) => ({ type: pullSecretType, namespace }))
  const lists = parts.map(async ({ type, namespace }): Promise<ListedResources> => {
    const { group, kind, resource } = type
    const list = {
      path: collectionPath(type, namespace),
      accept: 'application/json',
      call: { verb: 'list', resource, group, ...(namespace !== undefined && { namespace }) },
      whereAbsent: 'empty',
    } as const
    try {
      return { resources: await listPages(cluster, list, (item) => resourceState(kind, item)), notes: [] }
    } catch (error) {
      const where = namespace === undefined ? '' : ` of ${namespace}`
      return { resources: [], notes: [`${kind}s${where} are not shown: ${asFault(error).seen}`] }
    }
  })
  const listed = await Promise.all(lists)
  return { resources: listed.flatMap(({ resources }) => resources), notes: listed.flatMap(({ notes }) => notes) }
}

/** Statuses are written by others: texts are bounded. Characters. */
const longestText = 500

function resourceState(kind: string, { metadata, status }: JsonObject): ResourceState {
  const { namespace, name, generation } = asObject(metadata) ?? {}
  const stored = asObject(status) ?? {}
  const { namespaces, expiresAt } = stored
  const condition = storedReady(stored)
  const isCurrent = condition !== undefined && Number(condition['observedGeneration'] ?? 0) >= Number(generation ?? 0)
  const text = (value: unknown) => (asText(value) ?? '').slice(0, longestText)
  const base = { kind, namespace: asText(namespace), name: text(name), namespaces: countsOf(asObject(namespaces)) }
  const at = new Date(asText(expiresAt) ?? '')
  const expiry = { expiresAt: Number.isNaN(at.getTime()) ? undefined : at }
  if (!isCurrent) {
    const message = 'no controller has evaluated its current version'
    return { ...base, ...expiry, ready: 'Unknown', reason: 'NotEvaluated', message, problem: 'not evaluated' }
  }
  const { status: stated, reason, message } = condition
  const ready = stated === 'True' || stated === 'False' ? stated : 'Unknown'
  const problem = ready === 'False' ? 'not ready' : 'none'
  return { ...base, ...expiry, ready, reason: text(reason), message: text(message), problem }
}

function countsOf({ selected, fresh }: JsonObject = {}): ResourceState['namespaces'] {
  return typeof selected === 'number' && typeof fresh === 'number' ? { selected, fresh } : undefined
}

/** What these documents select in this cluster. @throws SECRET_CLAIMED_TWICE, KUBERNETES_FORBIDDEN */
export async function planDocuments(documents: readonly Document[], cluster: Cluster): Promise<Job[]> {
  const isListed = documents.some(({ namespaces }) => needsNamespaceList(namespaces))
  return planRefresh(documents, isListed ? await listNamespaces(cluster) : undefined)
}
