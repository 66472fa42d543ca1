/** PullSecrets of tenants, once their definition is installed: as ClusterPullSecrets, in namespaces. */
import { keyedBy, leaf, leaves, objectOf, struct } from '../fields/field-shape.ts'
import { clusterPullSecret } from './cluster-pull-secret.ts'
import type { ResourceKind } from './resource-kind.ts'

export const pullSecret: ResourceKind = {
  ...clusterPullSecret,
  kind: 'PullSecret',
  plural: 'pullsecrets',
  singular: 'pullsecret',
  shortNames: ['ps'],
  namespaced: true,
  shape: objectOf({
    spec: struct({ ...leaves('secretName', 'serviceAccountName'), registries: keyedBy('name', leaf) }),
    status: struct({
      ...leaves('observedGeneration', 'secretName', 'registries', 'namespaces', 'failingNamespaces'),
      ...leaves('expiresAt', 'nextRefreshAt'),
      conditions: keyedBy('type', leaf),
    }),
  }),
}
