/** A document with the given number of registries, each with its own account. */
import type { Document, DocumentRegistry } from '../../src/document/document.ts'
import type { GcpSettings } from '../../src/vendors/gcp/settings.ts'

export const registry = (
  name: string,
  hosts: readonly string[] = [`${name}.example.com`],
): DocumentRegistry & { readonly settings: GcpSettings } => ({
  name,
  hosts,
  vendor: 'gcp',
  settings: {
    workloadIdentityProvider: 'projects/1/locations/global/workloadIdentityPools/pool/providers/name',
    serviceAccountEmail: `${name}@project.iam.gserviceaccount.com`,
  },
})

export const documentOf = (registries: readonly DocumentRegistry[]): Document => ({
  kind: 'ClusterPullSecret',
  name: 'pull',
  source: 'pull.yaml:1',
  secretName: 'regcred',
  namespaces: { include: ['team-a'] },
  registries,
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
})
