/** Leases: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/ */
import { invalidValue, type StatusCause } from '../calls/status-error.ts'
import { leaves, objectOf, struct } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import type { ResourceKind } from './resource-kind.ts'

export const lease: ResourceKind = {
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  namespaced: true,
  subresources: [],
  shape: objectOf({
    spec: struct(
      leaves(
        'holderIdentity',
        'leaseDurationSeconds',
        'acquireTime',
        'renewTime',
        'leaseTransitions',
        'strategy',
        'preferredHolder',
      ),
    ),
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => ({ ...object, spec: object['spec'] ?? {} }),
  addServerFields: (object) => object,
  check,
}

function check(object: KubernetesObject): StatusCause[] {
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ]
}
