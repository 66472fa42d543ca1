/** ServiceAccounts: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/service-account-v1/ */
import { keyedBy, leaf, objectOf } from '../fields/field-shape.ts'
import type { ResourceKind } from './resource-kind.ts'

export const serviceAccount: ResourceKind = {
  group: '',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  subresources: ['token'],
  // imagePullSecrets is atomic: the list of a second manager conflicts, a forced apply replaces all entries.
  shape: objectOf({
    secrets: keyedBy('name', leaf),
    imagePullSecrets: leaf,
    automountServiceAccountToken: leaf,
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '', secrets: 'name' },
  selectable: {},
  deleteResponse: 'object',
  applyDefaults: (object) => object,
  addServerFields: (object) => object,
  check: () => [],
}
