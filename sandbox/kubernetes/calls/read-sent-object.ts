/** An object that a client sent, checked against the path of the request. */
import { declaredFields } from '../fields/check-shape.ts'
import { apiVersionOf } from '../kinds/resource-kind.ts'
import { isRecord, type KubernetesObject, type ObjectMeta } from '../objects/kubernetes-object.ts'
import type { ApiCall } from './api-call.ts'
import { readBody } from './read-body.ts'
import { badRequest } from './status-error.ts'

/** The body of a POST or PUT. @throws StatusError 400, 413, 415 */
export function readSentObject(call: ApiCall): KubernetesObject {
  const { kind, group } = call.kind
  const expected = { apiVersion: apiVersionOf(call.kind), kind, group: group.split('.')[0] || 'core' }
  return sentObject(readBody(call.request, expected), call)
}

/** A value as an object of the call's kind, with the name from the path; undeclared fields and nulls are omitted, as by
 *  the decoder of the API. @throws StatusError 400 */
export function sentObject(value: unknown, { kind, namespace, name }: ApiCall): KubernetesObject {
  const declared = declaredFields(kind.shape, value)
  const body = isRecord(declared) ? declared : {}
  const metadata: Partial<ObjectMeta> = isRecord(body['metadata']) ? body['metadata'] : {}
  if (metadata.namespace && kind.namespaced && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (name && metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  }
  return {
    ...body,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...metadata, name: name || (metadata.name ?? '') },
  }
}
