/** Common rules for the data of Secrets and ConfigMaps: keys, base64, size, immutability.
 *  https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable */
import { isDeepStrictEqual } from 'node:util'
import { badRequest, forbiddenValue, invalidValue, type StatusCause } from '../calls/status-error.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'

export const maxDataBytes: number = 1024 * 1024

const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

export const keyCauses = (field: string, data: object): StatusCause[] =>
  Object.keys(data)
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    .map((key) => invalidValue(`${field}[${key}]`, key, keyRule))

/** Bytes by key. @throws StatusError 400 for invalid base64, which the API's decoder refuses before validation */
export function decodeData(kind: string, data: unknown): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(isRecord(data) ? data : {}).map(([key, value]) => {
      const text = String(value).replaceAll(/[\r\n]/g, '')
      const bytes = Buffer.from(text, 'base64')
      if (bytes.toString('base64') !== text) {
        const at = text.search(/[^A-Za-z0-9+/=]/)
        const where = `illegal base64 data at input byte ${at < 0 ? text.length : at}`
        throw badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${where}`)
      }
      return [key, bytes]
    }),
  )
}

/** If `immutable` is set, neither it nor these fields can change. */
export function immutableCauses(
  object: KubernetesObject,
  before: KubernetesObject,
  fields: readonly string[],
): StatusCause[] {
  if (before['immutable'] !== true) return []
  const changed = fields.filter((field) => !isDeepStrictEqual(sorted(object[field]), sorted(before[field])))
  return [...(object['immutable'] === true ? [] : ['immutable']), ...changed].map((field) =>
    forbiddenValue(field, 'field is immutable when `immutable` is set'),
  )
}

const sorted = (data: unknown): [string, unknown][] =>
  Object.entries(isRecord(data) ? data : {}).toSorted(([one], [other]) => (one < other ? -1 : 1))
