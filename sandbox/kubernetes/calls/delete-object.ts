/** DELETE of one object, under preconditions where the body names them.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type ObjectMeta, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { type ApiCall, objectSubjectOf, subjectOf } from './api-call.ts'
import { readMap } from './read-body.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { conflict, notFound, type Status } from './status-error.ts'

export function deleteObject(cluster: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const { preconditions, dryRun, gracePeriodSeconds } = readMap(call.request, 'DeleteOptions')
  const object = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  checkPreconditions(call, object, preconditions)

  const isDryRun = call.request.query.has('dryRun') || (Array.isArray(dryRun) && dryRun.length > 0)
  const grace = graceOf(call, object, gracePeriodSeconds)
  const isHeld = call.kind.kind === 'Namespace' || grace > 0 || (object.metadata.finalizers ?? []).length > 0
  const gone = isDryRun ? object : isHeld ? markDeleted(cluster, object, grace) : end(cluster, call, object)
  return json(200, isHeld || call.kind.deleteResponse === 'object' ? renderObject(gone, form) : success(call, object))
}

/** Takes the object away; what could have had grace shows in the answer that it got none. */
function end(cluster: Cluster, call: ApiCall, object: StoredObject): StoredObject {
  const gone = cluster.store.remove(object) ?? object
  return call.kind.graceSeconds
    ? { ...gone, metadata: { ...gone.metadata, ...deletionFields(cluster, gone, 0) } }
    : gone
}

/** As the query or the body says, or else as its kind gives. */
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

/** A namespace, or an object with finalizers or grace, stays and shows that it is going. */
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
