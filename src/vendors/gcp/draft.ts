/** Hosts of Artifact Registry. https://cloud.google.com/artifact-registry/docs/docker/names */
import type { DraftOf } from '../draft.ts'
import { registryHosts } from './names.ts'

export const draft: DraftOf = (host) => {
  if (!registryHosts.accepts(host)) return undefined
  const [, location] = /^([a-z0-9*-]+?)(?:-docker)?\.pkg\.dev$/.exec(host) ?? []
  const [, multiRegion = 'us'] = /^([a-z0-9*-]+)\.gcr\.io$/.exec(host) ?? []
  const place = location ?? multiRegion
  return {
    name: 'google',
    facts: `location ${place}`,
    fields: [
      {
        name: 'workloadIdentityProvider',
        comment:
          'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER; trust apply creates pool and provider',
      },
      {
        name: 'serviceAccountEmail',
        comment:
          'the service account that may pull; without this line, grant the permission to the cluster’s subject itself',
      },
    ],
    trust: [
      'trust:',
      `  repository: projects/PROJECT/locations/${place.includes('*') ? 'LOCATION' : place}/repositories/REPOSITORY`,
    ],
  }
}
