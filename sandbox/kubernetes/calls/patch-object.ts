/** PATCH of one object by content type: an apply, or a patch of the current object. */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import type { StoredObject } from '../objects/kubernetes-object.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { applyObject } from './apply-object.ts'
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from './apply-patch.ts'
import { mediaType, parseBody } from './read-body.ts'
import { sentObject } from './read-sent-object.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { notFound, unroutable } from './status-error.ts'
import { writeObject } from './write-object.ts'
import { readWriteOptions } from './write-options.ts'

type Patch = (object: StoredObject, patch: unknown, call: ApiCall) => unknown

const patches: Readonly<Record<string, Patch>> = {
  'application/json-patch+json': applyJsonPatch,
  'application/merge-patch+json': applyMergePatch,
  'application/strategic-merge-patch+json': (object, patch, call) =>
    applyStrategicMergePatch(object, patch, call.kind.mergeKeys),
}
const apply = 'application/apply-patch+yaml'

export function patchObject(cluster: Cluster, call: ApiCall): SandboxResponse {
  const type = mediaType(call.request)
  if (type === apply) return applyObject(cluster, call)
  const patch = patches[type]
  if (!patch) throw unroutable(415, 'Unsupported Media Type')

  const form = negotiateRepresentation(call)
  const options = readWriteOptions(call.request, 'PatchOptions')
  const before = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!before) throw notFound(subjectOf(call))
  const after = sentObject(patch(before, parseBody(call.request), call), call)
  return json(200, renderObject(writeObject(cluster, call, { before, after }, options), form))
}
