/** Documents for tests of what is planned from them. */
import type { Document, DocumentRegistry } from '../../src/document/document.ts'
import type { ResourceLimits } from '../../src/manifests/manifest.ts'

export const pool = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers'

/** Secret `regcred` in team-a, from Google, by the token file; but for `changes`. */
export const documentOf = (changes: Partial<Document> = {}): Document => ({
  kind: 'ClusterPullSecret',
  name: 'images',
  source: 'images.yaml:1',
  secretName: 'regcred',
  namespaces: { include: ['team-a'] },
  registries: [registryOf()],
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
  ...changes,
})

/** Custom resources may use Secret `regcred`, but for `changes`. */
export const limitsOf = (changes: Partial<ResourceLimits> = {}): ResourceLimits => ({
  secretNames: ['regcred'],
  accounts: [],
  audiences: [],
  attachedAccounts: [],
  stuckPods: 'Ignore',
  ...changes,
})

/** Its usual audience is //iam.googleapis.com/…/providers/`provider`. */
export const registryOf = (changes: Partial<DocumentRegistry> = {}, provider = 'cluster'): DocumentRegistry => ({
  name: 'google',
  hosts: ['europe-docker.pkg.dev'],
  vendor: 'gcp',
  settings: {
    workloadIdentityProvider: `${pool}/${provider}`,
    serviceAccountEmail: 'puller@example-project.iam.gserviceaccount.com',
  },
  ...changes,
})
