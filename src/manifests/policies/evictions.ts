/**
 * Restricts evictions to the namespaces of documents with `stuckPods: Evict`, or to those outside of kube-* where custom resources may have
 * it, and to what the API server does by itself: no pod is deleted without its grace period. A policy does not see the pod that is
 * evicted: whether it is stuck, and for which image, is not restricted.
 */
import type { Document } from '../../document/document.ts'
import type { ResourceLimits } from '../manifest.ts'
import { type AdmissionPolicy, celAny, choiceInCel, namespaceLabels, outsideOfSystem } from './admission-policy.ts'

/** Expressions, with the variable `namespaceLabels`: where pods are evicted. */
export const evictionConditions = (documents: readonly Document[], resources?: ResourceLimits): string[] => [
  ...documents.filter(({ stuckPods }) => stuckPods === 'Evict').map(({ namespaces }) => choiceInCel(namespaces)),
  ...(resources?.stuckPods === 'Evict' ? [outsideOfSystem] : []),
]

/** None if nothing is evicted: then no role permits it. */
export function evictionPolicies(documents: readonly Document[], resources?: ResourceLimits): AdmissionPolicy[] {
  const conditions = evictionConditions(documents, resources)
  if (conditions.length === 0) return []
  const policy: AdmissionPolicy = {
    about: 'evictions',
    operations: ['CREATE'],
    resource: 'pods/eviction',
    variables: [namespaceLabels, { name: 'options', expression: 'object.?deleteOptions.orValue({})' }],
    rules: [
      {
        expression: celAny(conditions),
        message:
          resources?.stuckPods !== 'Evict'
            ? 'pullpass may evict only pods in the namespaces of documents with stuckPods: Evict'
            : 'pullpass may evict only pods outside of kube-*, and in the namespaces of documents in files with stuckPods: Evict',
      },
      {
        expression: [
          "variables.options.?preconditions.uid.orValue('') != ''",
          ...changingDeletion.map((field) => `!has(variables.options.${field})`),
        ].join(' && '),
        message: 'pullpass may evict only the pod of a UID, and with the grace period of that pod',
      },
    ],
  }
  return [policy]
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/ */
const changingDeletion = ['gracePeriodSeconds', 'propagationPolicy', 'orphanDependents']
