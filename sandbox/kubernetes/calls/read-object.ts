/** GET of one object. */
import type { SandboxAnswer } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { chooseForm, json, renderObject } from './answer-form.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { notFound } from './status-error.ts'

export function readObject({ store }: Cluster, call: ApiCall): SandboxAnswer {
  const form = chooseForm(call)
  const object = store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  return json(200, renderObject(object, form))
}
