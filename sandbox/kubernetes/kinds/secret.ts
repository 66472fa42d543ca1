/** Secrets: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
import {
  badRequest,
  forbiddenValue,
  invalidValue,
  requiredValue,
  type StatusCause,
  tooLong,
} from '../calls/status-error.ts'
import { leaf, mapOf, objectOf, string } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import type { ResourceKind } from './resource-kind.ts'

const mostDataBytes = 1024 * 1024

/** Keys that a type demands; the API fills none of them in. */
const requiredKey: Readonly<Record<string, string>> = {
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
  'kubernetes.io/dockercfg': '.dockercfg',
}

export const secret: ResourceKind = {
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  namespaced: true,
  subresources: [],
  shape: objectOf({ data: mapOf(string), stringData: mapOf(string), type: string, immutable: leaf }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: { type: (object) => (typeof object['type'] === 'string' ? object['type'] : '') },
  deleteAnswer: 'status',
  complete,
  finish: (object) => object,
  check,
}

function complete(object: KubernetesObject): KubernetesObject {
  const { stringData, data, ...rest } = object
  const written = Object.entries(isRecord(stringData) ? stringData : {}).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ])
  const all = { ...(isRecord(data) ? data : {}), ...Object.fromEntries(written) }
  return { ...rest, ...(Object.keys(all).length > 0 && { data: all }), type: rest['type'] || 'Opaque' }
}

function check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[] {
  const data = decode(object['data'])
  const causes = Object.keys(data)
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    .map((key) => invalidValue(`data[${key}]`, key, invalidKey))
  const bytes = Object.values(data).reduce((sum, value) => sum + value.length, 0)
  if (bytes > mostDataBytes) causes.push(tooLong('data', mostDataBytes))
  causes.push(...checkType(String(object['type']), data))
  return before ? [...checkImmutable(object, before), ...causes] : causes
}

const invalidKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

function decode(data: unknown): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(isRecord(data) ? data : {}).map(([key, value]) => {
      const text = String(value).replaceAll(/[\r\n]/g, '')
      const bytes = Buffer.from(text, 'base64')
      if (bytes.toString('base64') !== text) {
        const at = text.search(/[^A-Za-z0-9+/=]/)
        throw badRequest(
          `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${at < 0 ? text.length : at}`,
        )
      }
      return [key, bytes]
    }),
  )
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

function checkImmutable(object: KubernetesObject, before: KubernetesObject): StatusCause[] {
  const causes: StatusCause[] = []
  if (object['type'] !== before['type']) causes.push(invalidValue('type', object['type'], 'field is immutable'))
  if (before['immutable'] !== true) return causes
  if (object['immutable'] !== true)
    causes.push(forbiddenValue('immutable', 'field is immutable when `immutable` is set'))
  if (JSON.stringify(sorted(object['data'])) !== JSON.stringify(sorted(before['data'])))
    causes.push(forbiddenValue('data', 'field is immutable when `immutable` is set'))
  return causes
}

const sorted = (data: unknown): [string, unknown][] =>
  Object.entries(isRecord(data) ? data : {}).toSorted(([one], [other]) => (one < other ? -1 : 1))
