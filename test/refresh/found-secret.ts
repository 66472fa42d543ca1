/** Metadata of Secrets as in a list, for the rules that evaluate it. */

import { recordAnnotations } from '../../src/credential/pull-secret-record.ts'
import type { PullSecretMetadata } from '../../src/kubernetes/objects/pull-secrets.ts'
import fc from '../support/fast-check.ts'

export const manager = 'pullpass:ClusterPullSecret:pull'

const annotation = fc.constantFrom(...recordAnnotations)
const author = fc.constantFrom<(readonly string[])[]>(
  [manager],
  [manager, 'kubectl-annotate'],
  ['kubectl-annotate'],
  [],
)

export const owners: fc.Arbitrary<PullSecretMetadata['owners']> = fc.record({
  data: fc.subarray([manager, 'kubectl-client-side-apply', 'pullpass:ClusterPullSecret:other']),
  label: fc.subarray([manager, 'kubectl-client-side-apply', 'argocd']),
  annotations: fc.array(fc.tuple(annotation, author), { maxLength: 2 }).map(annotatedBy),
})

/** Our manager owns every annotation, but for these. */
export function annotatedBy(
  others: Iterable<readonly [name: string, managers: readonly string[]]> = [],
): PullSecretMetadata['owners']['annotations'] {
  return new Map([...recordAnnotations.map((name) => [name, [manager]] as const), ...others])
}

/** Our manager owns all, but for these. */
export const ownedBy = (others: Partial<PullSecretMetadata['owners']> = {}): PullSecretMetadata['owners'] => ({
  data: [manager],
  label: [manager],
  annotations: annotatedBy(),
  ...others,
})

export const foundSecret = (changes: Partial<PullSecretMetadata> = {}): PullSecretMetadata => ({
  namespace: 'team-a',
  uid: '11111111-1111-4111-8111-111111111111',
  resourceVersion: '7',
  annotations: {},
  lastApplied: 'absent',
  labelled: true,
  owners: ownedBy(),
  otherDataOwners: [],
  typeOwners: [],
  ownedBy: [],
  deleting: false,
  ...changes,
})
