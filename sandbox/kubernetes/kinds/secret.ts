/** Secrets: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
import { invalidValue, requiredValue, type StatusCause, tooLong } from '../calls/status-error.ts'
import { leaf, mapOf, objectOf, string } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import { decodeData, immutableCauses, keyCauses, maxDataBytes } from './data-rules.ts'
import type { ResourceKind } from './resource-kind.ts'

/** Keys that a type requires; the API adds none. */
const requiredKey: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
}

export const secret: ResourceKind = {
  group: '',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  namespaced: true,
  subresources: [],
  shape: objectOf({ data: mapOf(string), stringData: mapOf(string), type: string, immutable: leaf }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: { type: (object) => (typeof object['type'] === 'string' ? object['type'] : '') },
  deleteResponse: 'status',
  applyDefaults,
  addServerFields: (object) => object,
  check,
}

function applyDefaults(object: KubernetesObject): KubernetesObject {
  const { stringData, data, ...rest } = object
  const written = Object.entries(isRecord(stringData) ? stringData : {}).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ])
  const all = { ...(isRecord(data) ? data : {}), ...Object.fromEntries(written) }
  return { ...rest, ...(Object.keys(all).length > 0 && { data: all }), type: rest['type'] || 'Opaque' }
}

function check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[] {
  const data = decodeData('Secret', object['data'])
  const causes = keyCauses('data', data)
  const bytes = Object.values(data).reduce((sum, value) => sum + value.length, 0)
  if (bytes > maxDataBytes) causes.push(tooLong('data', maxDataBytes))
  causes.push(...checkType(String(object['type']), data))
  if (!before) return causes
  const isRetyped = object['type'] !== before['type']
  const typeCauses = isRetyped ? [invalidValue('type', object['type'], 'field is immutable')] : []
  return [...typeCauses, ...immutableCauses(object, before, ['data']), ...causes]
}

function checkType(type: string, data: Record<string, Buffer>): StatusCause[] {
  const key = requiredKey[type]
  if (!key) return []
  const field = `data[${key}]`
  const value = data[key]
  if (!value) return [requiredValue(field)]
  try {
    if (isRecord(JSON.parse(value.toString()))) return []
    return [invalidValue(field, '<secret contents redacted>', 'json: cannot unmarshal into an object')]
  } catch {
    return [invalidValue(field, '<secret contents redacted>', `invalid character in a JSON text`)]
  }
}
