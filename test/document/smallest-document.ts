/** The smallest valid document, for tests to change. */
import type { Document } from '../../src/document/document.ts'
import { vendors } from '../../src/vendors/vendors.ts'

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

/** The fields of a registry that contain the settings of a vendor. */
export const vendorFields: string = Object.keys(vendors)
  .filter((name) => vendors[name]?.settings !== undefined)
  .join(', ')

/** What is expected where a registry has none of them, or several. */
export const oneVendor: string = `exactly one of: ${vendorFields}`

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
