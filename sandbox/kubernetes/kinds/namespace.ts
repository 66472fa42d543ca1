/** Namespaces: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/ */
import { leaf, objectOf } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import type { ResourceKind } from './resource-kind.ts'

export const namespace: ResourceKind = {
  group: '',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  subresources: [],
  shape: objectOf({ spec: leaf, status: leaf }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: { 'status.phase': phaseOf },
  deleteResponse: 'object',
  applyDefaults: (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
    },
  }),
  addServerFields: (object) => ({
    ...object,
    spec: { finalizers: ['kubernetes'] },
    status: { phase: phaseOf(object) },
  }),
  check: () => [],
}

export function phaseOf(object: KubernetesObject): string {
  const { status } = object
  const isTerminating = object.metadata.deletionTimestamp || (isRecord(status) && status['phase'] === 'Terminating')
  return isTerminating ? 'Terminating' : 'Active'
}
