/** The least that a document can say, for tests to change. */
import type { Document } from '../../src/document/document.ts'

export const provider: string = 'projects/123/locations/global/workloadIdentityPools/pool/providers/gardener'

export const smallest: string = `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: regcred}
spec:
  namespaces: {include: [default]}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp: {workloadIdentityProvider: ${provider}}
`

export const smallestDocument: Document = {
  kind: 'ClusterPullSecret',
  name: 'regcred',
  source: '-:1',
  secretName: 'regcred',
  namespaces: { include: ['default'] },
  registries: [
    {
      name: 'google',
      hosts: ['europe-docker.pkg.dev'],
      vendor: 'gcp',
      settings: { workloadIdentityProvider: provider },
    },
  ],
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
}
