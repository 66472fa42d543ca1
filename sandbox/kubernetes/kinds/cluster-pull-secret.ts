/** ClusterPullSecrets, once their definition is installed. The sandbox does not validate them: their schema is tested with the
 *  real API server. https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/ */
import { keyedBy, leaf, leaves, objectOf, struct } from '../fields/field-shape.ts'
import type { ResourceKind } from './resource-kind.ts'
import { withGeneration } from './with-generation.ts'

export const clusterPullSecret: ResourceKind = {
  group: 'pullpass.dev',
  version: 'v1alpha1',
  kind: 'ClusterPullSecret',
  plural: 'clusterpullsecrets',
  singular: 'clusterpullsecret',
  shortNames: ['cps'],
  namespaced: false,
  subresources: ['status'],
  shape: objectOf({
    spec: struct({
      ...leaves('secretName', 'namespaces', 'serviceAccountRef', 'issuer', 'attachToServiceAccounts'),
      ...leaves('stuckPods', 'conflictPolicy', 'deletionPolicy'),
      registries: keyedBy('name', leaf),
    }),
    status: struct({
      ...leaves('observedGeneration', 'secretName', 'registries', 'namespaces', 'failingNamespaces'),
      ...leaves('expiresAt', 'nextRefreshAt'),
      conditions: keyedBy('type', leaf),
    }),
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => object,
  addServerFields: (object, before) => withGeneration(object, before, ({ spec }) => spec),
  check: () => [],
}
