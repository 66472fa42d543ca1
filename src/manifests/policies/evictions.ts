/**
 * Restricts evictions to the namespaces of documents with `stuckPods: Evict`. A policy does not see the pod that is evicted: whether it is
 * stuck, and for which image, is not restricted.
 */
import type { Document } from '../../document/document.ts'
import { type AdmissionPolicy, celAny, choiceInCel, namespaceLabels } from './admission-policy.ts'

/** None without such a document: then no role permits evictions. */
export function evictionPolicies(documents: readonly Document[]): AdmissionPolicy[] {
  const evicting = documents.filter(({ stuckPods }) => stuckPods === 'Evict')
  if (evicting.length === 0) return []
  const policy: AdmissionPolicy = {
    about: 'evictions',
    operations: ['CREATE'],
    resource: 'pods/eviction',
    variables: [namespaceLabels],
    rules: [
      {
        expression: celAny(evicting.map(({ namespaces }) => choiceInCel(namespaces))),
        message: 'pullpass may evict only pods in the namespaces of documents with stuckPods: Evict',
      },
    ],
  }
  return [policy]
}
