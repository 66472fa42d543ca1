/** EndpointSlices: the addresses of a Service; the one named `kubernetes` contains those of the API servers.
 *  https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
import { isIP } from 'node:net'
import { invalidValue, requiredValue, type StatusCause } from '../calls/status-error.ts'
import { leaves, objectOf } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import { type ResourceKind, withGeneration } from './resource-kind.ts'

export const endpointSlice: ResourceKind = {
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  namespaced: true,
  subresources: [],
  shape: objectOf(leaves('addressType', 'endpoints', 'ports')), // both lists are atomic
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => ({
    ...object,
    endpoints: listOf(object['endpoints']).map((endpoint) => ({
      ...endpoint,
      conditions: endpoint['conditions'] ?? {},
    })),
    ...(object['ports'] !== undefined && {
      ports: listOf(object['ports']).map((port) => ({ name: '', protocol: 'TCP', ...port })),
    }),
  }),
  addServerFields: (object, before) =>
    withGeneration(object, before, ({ addressType, endpoints, ports, metadata }) => [
      addressType,
      endpoints,
      ports,
      metadata.labels,
    ]),
  check,
}

function check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[] {
  const { addressType } = object
  if (!addressType) return [requiredValue('addressType')]
  if (before && before['addressType'] !== addressType) {
    return [invalidValue('addressType', addressType, 'field is immutable')]
  }
  if (addressType === 'FQDN') return []
  return listOf(object['endpoints']).flatMap(({ addresses }, at) =>
    (Array.isArray(addresses) ? addresses : [])
      .map((address, place) => ({ address: String(address), field: `endpoints[${at}].addresses[${place}]` }))
      .filter(({ address }) => isIP(address) === 0)
      .map(({ address, field }) =>
        invalidValue(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
      ),
  )
}

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isRecord) : [])
