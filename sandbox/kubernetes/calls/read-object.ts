/** GET of one object. */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { notFound } from './status-error.ts'

export function readObject({ store }: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const object = store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  return json(200, renderObject(object, form))
}
