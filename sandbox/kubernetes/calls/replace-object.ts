/** PUT of one object: replaces it completely. */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { readSentObject } from './read-sent-object.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { conflict, notFound } from './status-error.ts'
import { writeObject } from './write-object.ts'
import { readWriteOptions } from './write-options.ts'

export function replaceObject(cluster: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const options = readWriteOptions(call.request, 'UpdateOptions')
  const after = readSentObject(call)
  const before = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!before) throw notFound(subjectOf(call))
  checkUid(call, after, before)
  return json(200, renderObject(writeObject(cluster, call, { before, after }, options), form))
}

/** Another uid means another object; the message is that of the storage layer. */
function checkUid(call: ApiCall, after: KubernetesObject, before: StoredObject): void {
  const { uid } = after.metadata
  if (!uid || uid === before.metadata.uid) return
  const key = `/registry/${call.kind.plural}/${call.namespace}/${call.name}`
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`
  throw conflict(
    subjectOf(call),
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  )
}
