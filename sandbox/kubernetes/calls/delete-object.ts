/** DELETE of one object, under preconditions where the body names them.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
import type { SandboxAnswer } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { chooseForm, json, renderObject } from './answer-form.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { readMap } from './read-body.ts'
import { conflict, notFound, type Status } from './status-error.ts'

export function deleteObject(cluster: Cluster, call: ApiCall): SandboxAnswer {
  const form = chooseForm(call)
  const { preconditions, dryRun } = readMap(call.request, 'DeleteOptions')
  const object = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  checkPreconditions(call, object, preconditions)

  const isRehearsal = call.request.query.has('dryRun') || (Array.isArray(dryRun) && dryRun.length > 0)
  const isHeld = call.kind.kind === 'Namespace' || (object.metadata.finalizers ?? []).length > 0
  const gone = isRehearsal ? object : isHeld ? markDeleted(cluster, object) : (cluster.store.remove(object) ?? object)
  return json(200, isHeld || call.kind.deleteAnswer === 'object' ? renderObject(gone, form) : success(call, object))
}

function checkPreconditions(call: ApiCall, { metadata }: StoredObject, preconditions: unknown): void {
  if (!isRecord(preconditions)) return
  const { uid, resourceVersion } = preconditions
  const subject = { name: call.name, kind: call.kind.kind }
  if (typeof uid === 'string' && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid})`
    throw conflict(subject, `${why}. The object might have been deleted and then recreated`)
  }
  if (typeof resourceVersion === 'string' && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion})`
    throw conflict(subject, `${why}. The object might have been modified`)
  }
}

/** A namespace, or an object with finalizers, stays and shows that it is going. */
export function markDeleted({ store, now }: Pick<Cluster, 'store' | 'now'>, object: StoredObject): StoredObject {
  if (object.metadata.deletionTimestamp) return object
  return store.put({
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: timestamp(now()),
      ...(object.kind !== 'Namespace' && { deletionGracePeriodSeconds: 0 }),
    },
    ...(object.kind === 'Namespace' && { status: { phase: 'Terminating' } }),
  })
}

const success = (call: ApiCall, { metadata }: StoredObject): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { ...subjectOf(call), uid: metadata.uid },
})
