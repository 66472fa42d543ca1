/** The object in a POST or PUT, checked against the path it came by. */
import { isRecord, type KubernetesObject, type ObjectMeta } from '../objects/kubernetes-object.ts'
import type { ApiCall } from './api-call.ts'
import { readBody } from './read-body.ts'
import { badRequest } from './status-error.ts'

/** @throws StatusError 400 */
export function readSentObject(call: ApiCall): KubernetesObject {
  return sentObject(readBody(call.request), call)
}

/** A value from outside as an object of the call's kind: nulls left out, as the API's own decoder does. @throws StatusError 400 */
export function sentObject(value: unknown, { kind, namespace, name }: ApiCall): KubernetesObject {
  const body = withoutNulls(value)
  if (!isRecord(body)) throw badRequest('the object provided is unrecognized (must be of type Object)')
  const { apiVersion = 'v1', kind: sentKind = kind.kind, metadata = {}, ...rest } = body
  if (sentKind !== kind.kind || apiVersion !== 'v1') {
    throw badRequest(`${String(sentKind)} in version "${String(apiVersion)}" cannot be handled as a ${kind.kind}`)
  }
  const meta: Partial<ObjectMeta> = isRecord(metadata) ? metadata : {}
  if (meta.namespace && kind.namespaced && meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (name && meta.name && meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`)
  }
  return { ...rest, apiVersion: 'v1', kind: kind.kind, metadata: { ...meta, name: name || (meta.name ?? '') } }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .map(([name, part]) => [name, withoutNulls(part)]),
  )
}
