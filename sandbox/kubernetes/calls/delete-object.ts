/** DELETE of one object, with the preconditions of the body, and evictions of Pods.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type ObjectMeta, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { type ApiCall, objectSubjectOf, subjectOf } from './api-call.ts'
import { readBody, readMap } from './read-body.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { conflict, notFound, type Status } from './status-error.ts'

export function deleteObject(cluster: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const options = readMap(call.request, 'DeleteOptions')
  const object = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  const { isKept, deleted } = deleteWith(cluster, call, object, options)
  return json(
    200,
    isKept || call.kind.deleteResponse === 'object' ? renderObject(deleted, form) : success(call, object),
  )
}

/** POST to the subresource `eviction` of a Pod. There are no PodDisruptionBudgets.
 *  https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ */
export function evictPod(cluster: Cluster, call: ApiCall): SandboxResponse {
  const { deleteOptions } = readBody(call.request, eviction)
  const pod = cluster.store.read('Pod', call.namespace, call.name)
  if (!pod) throw notFound(subjectOf(call))
  deleteWith(cluster, call, pod, deleteOptions)
  return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', group: 'policy' }

/** `options`: DeleteOptions. @throws StatusError 409 */
function deleteWith(
  cluster: Cluster,
  call: ApiCall,
  object: StoredObject,
  options: unknown,
): { readonly isKept: boolean; readonly deleted: StoredObject } {
  const { preconditions, dryRun, gracePeriodSeconds } = isRecord(options) ? options : {}
  checkPreconditions(call, object, preconditions)
  const isDryRun = call.request.query.has('dryRun') || (Array.isArray(dryRun) && dryRun.length > 0)
  const grace = graceOf(call, object, gracePeriodSeconds)
  const isKept = call.kind.kind === 'Namespace' || grace > 0 || (object.metadata.finalizers ?? []).length > 0
  const deleted = isDryRun ? object : isKept ? markDeleted(cluster, object, grace) : removeObject(cluster, call, object)
  return { isKept, deleted }
}

/** Removes the object. For a kind with a grace period, the response shows a grace period of 0. */
function removeObject(cluster: Cluster, call: ApiCall, object: StoredObject): StoredObject {
  const removed = cluster.store.remove(object) ?? object
  return call.kind.graceSeconds
    ? { ...removed, metadata: { ...removed.metadata, ...deletionFields(cluster, removed, 0) } }
    : removed
}

/** From the query or the body; by default that of the kind. */
function graceOf({ kind, request }: ApiCall, object: StoredObject, fromBody: unknown): number {
  const maxGrace = kind.graceSeconds?.(object) ?? 0
  const requested = request.query.get('gracePeriodSeconds') ?? fromBody
  return maxGrace === 0 || requested === undefined ? maxGrace : Number(requested)
}

function checkPreconditions(call: ApiCall, { metadata }: StoredObject, preconditions: unknown): void {
  if (!isRecord(preconditions)) return
  const { uid, resourceVersion } = preconditions
  const subject = objectSubjectOf(call)
  if (typeof uid === 'string' && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid})`
    throw conflict(subject, `${why}. The object might have been deleted and then recreated`)
  }
  if (typeof resourceVersion === 'string' && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion})`
    throw conflict(subject, `${why}. The object might have been modified`)
  }
}

/** A namespace, or an object with finalizers or a grace period, is kept with a deletionTimestamp. */
export function markDeleted(cluster: Pick<Cluster, 'store' | 'now'>, object: StoredObject, grace = 0): StoredObject {
  if (object.metadata.deletionTimestamp) return object
  return cluster.store.put({
    ...object,
    metadata: { ...object.metadata, ...deletionFields(cluster, object, grace) },
    ...(object.kind === 'Namespace' && { status: { phase: 'Terminating' } }),
  })
}

function deletionFields(
  { now }: Pick<Cluster, 'now'>,
  { kind, metadata }: StoredObject,
  grace: number,
): Partial<ObjectMeta> {
  return {
    deletionTimestamp: timestamp(new Date(now().getTime() + grace * 1000)),
    ...(kind !== 'Namespace' && { deletionGracePeriodSeconds: grace }),
    ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
  }
}

const success = (call: ApiCall, { metadata }: StoredObject): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { ...subjectOf(call), uid: metadata.uid },
})
