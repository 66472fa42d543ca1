/** ConfigMaps: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/ */
import { invalidValue, type StatusCause, tooLong } from '../calls/status-error.ts'
import { leaf, mapOf, objectOf, string } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import { decodeData, immutableCauses, keyCauses, maxDataBytes } from './data-rules.ts'
import type { ResourceKind } from './resource-kind.ts'

export const configMap: ResourceKind = {
  group: '',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  subresources: [],
  shape: objectOf({ data: mapOf(string), binaryData: mapOf(string), immutable: leaf }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => object,
  addServerFields: (object) => object,
  check,
}

function check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[] {
  const data = isRecord(object['data']) ? object['data'] : {}
  const binary = decodeData('ConfigMap', object['binaryData'])
  const duplicates = Object.keys(data)
    .filter((key) => Object.hasOwn(binary, key))
    .map((key) => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  const bytes = [...Object.values(data).map((text) => Buffer.from(String(text))), ...Object.values(binary)]
  const isOver = bytes.reduce((sum, value) => sum + value.length, 0) > maxDataBytes
  const causes = [
    ...keyCauses('data', data),
    ...duplicates,
    ...keyCauses('binaryData', binary),
    ...(isOver ? [tooLong('[]', maxDataBytes)] : []),
  ]
  return before ? [...immutableCauses(object, before, ['data', 'binaryData']), ...causes] : causes
}
