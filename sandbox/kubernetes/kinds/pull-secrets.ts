/** ClusterPullSecrets and PullSecrets, once their definitions are installed. The sandbox does not validate them: their schemas are
 *  tested with the real API server. https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/ */
import { keyedBy, leaf, leaves, objectOf, struct } from '../fields/field-shape.ts'
import { type ResourceKind, withGeneration } from './resource-kind.ts'

const status = struct({
  ...leaves('observedGeneration', 'secretName', 'registries', 'namespaces', 'failingNamespaces'),
  ...leaves('expiresAt', 'nextRefreshAt'),
  conditions: keyedBy('type', leaf),
})

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
    status,
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => object,
  addServerFields: (object, before) => withGeneration(object, before, ({ spec }) => spec),
  check: () => [],
}

/** Of tenants, in their namespaces. */
export const pullSecret: ResourceKind = {
  ...clusterPullSecret,
  kind: 'PullSecret',
  plural: 'pullsecrets',
  singular: 'pullsecret',
  shortNames: ['ps'],
  namespaced: true,
  shape: objectOf({
    spec: struct({ ...leaves('secretName', 'serviceAccountName'), registries: keyedBy('name', leaf) }),
    status,
  }),
}
