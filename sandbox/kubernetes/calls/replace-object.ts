/** PUT of one object: the sent one takes its place; what it leaves out is gone. */
import type { SandboxAnswer } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { chooseForm, json, renderObject } from './answer-form.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { readSentObject } from './read-sent-object.ts'
import { conflict, notFound } from './status-error.ts'
import { writeObject } from './write-object.ts'
import { readWriteOptions } from './write-options.ts'

export function replaceObject(cluster: Cluster, call: ApiCall): SandboxAnswer {
  const form = chooseForm(call.request.headers['accept'])
  const options = readWriteOptions(call.request, 'UpdateOptions')
  const after = readSentObject(call)
  const before = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!before) throw notFound(subjectOf(call))
  const { uid } = after.metadata
  if (uid && uid !== before.metadata.uid) {
    const key = `/registry/${call.kind.plural}/${call.namespace}/${call.name}`
    const storage = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: `
    throw conflict(subjectOf(call), `${storage}${otherUid(uid, before.metadata.uid)}`)
  }
  return json(200, renderObject(writeObject(cluster, call, { before, after }, options), form))
}

/** What a PUT or a delete says to a uid that is not the object's. */
export const otherUid = (wanted: string, found: string): string =>
  `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`
