/** Metadata of Secrets as a list may show them, for the rules that judge by it. */
import fc from 'fast-check'
import type { PullSecretMetadata } from '../../src/kubernetes/pull-secret-metadata.ts'

export const manager = 'pullpass:ClusterPullSecret:pull'

export const owners: fc.Arbitrary<PullSecretMetadata['owners']> = fc.record({
  data: fc.subarray([manager, 'kubectl-client-side-apply', 'pullpass:ClusterPullSecret:other']),
  label: fc.subarray([manager, 'kubectl-client-side-apply', 'argocd']),
})

export const foundSecret = (changes: Partial<PullSecretMetadata> = {}): PullSecretMetadata => ({
  namespace: 'team-a',
  uid: '11111111-1111-4111-8111-111111111111',
  resourceVersion: '7',
  annotations: {},
  lastApplied: 'absent',
  labelled: true,
  owners: { data: [manager], label: [manager] },
  deleting: false,
  ...changes,
})
