/** DELETE of one object, under preconditions where the body names them.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
import type { SandboxAnswer } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type ObjectMeta, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { chooseForm, json, renderObject } from './answer-form.ts'
import { type ApiCall, objectSubjectOf, subjectOf } from './api-call.ts'
import { readMap } from './read-body.ts'
import { conflict, notFound, type Status } from './status-error.ts'

export function deleteObject(cluster: Cluster, call: ApiCall): SandboxAnswer {
  const form = chooseForm(call)
  const { preconditions, dryRun, gracePeriodSeconds } = readMap(call.request, 'DeleteOptions')
  const object = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  checkPreconditions(call, object, preconditions)

  const isRehearsal = call.request.query.has('dryRun') || (Array.isArray(dryRun) && dryRun.length > 0)
  const grace = graceOf(call, object, gracePeriodSeconds)
  const isHeld = call.kind.kind === 'Namespace' || grace > 0 || (object.metadata.finalizers ?? []).length > 0
  const gone = isRehearsal ? object : isHeld ? markDeleted(cluster, object, grace) : end(cluster, call, object)
  return json(200, isHeld || call.kind.deleteAnswer === 'object' ? renderObject(gone, form) : success(call, object))
}

/** Takes the object away; what could have had grace shows in the answer that it got none. */
function end(cluster: Cluster, call: ApiCall, object: StoredObject): StoredObject {
  const gone = cluster.store.remove(object) ?? object
  return call.kind.graceSeconds ? { ...gone, metadata: { ...gone.metadata, ...going(cluster, gone, 0) } } : gone
}

/** As the query or the body says, or else as its kind gives. */
function graceOf({ kind, request }: ApiCall, object: StoredObject, wanted: unknown): number {
  const most = kind.graceSeconds?.(object) ?? 0
  const asked = request.query.get('gracePeriodSeconds') ?? wanted
  return most === 0 || asked === undefined ? most : Number(asked)
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
    metadata: { ...object.metadata, ...going(cluster, object, grace) },
    ...(object.kind === 'Namespace' && { status: { phase: 'Terminating' } }),
  })
}

function going({ now }: Pick<Cluster, 'now'>, { kind, metadata }: StoredObject, grace: number): Partial<ObjectMeta> {
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
