/** Artifact Registry, and Container Registry, whose hosts it serves. https://cloud.google.com/artifact-registry/docs/docker/names */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'

export const registryHosts: HostRule = {
  accepts: (server) => /^(?:[a-z0-9*-]+\.)+pkg\.dev$|^(?:[a-z0-9*-]+\.)*gcr\.io$/.test(server),
  expected: 'a host of Google: LOCATION-docker.pkg.dev, gcr.io or LOCATION.gcr.io',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) => {
  if (!registryHosts.accepts(host)) return undefined
  const [, location] = /^([a-z0-9*-]+?)(?:-docker)?\.pkg\.dev$/.exec(host) ?? []
  const [, multiRegion = 'us'] = /^([a-z0-9*-]+)\.gcr\.io$/.exec(host) ?? []
  const place = location ?? multiRegion
  return {
    name: 'google',
    credential: 'every location',
    facts: `location ${place}`,
    fields: [
      {
        name: 'workloadIdentityProvider',
        comment:
          'The provider: projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER. pullpass trust apply creates it',
      },
      {
        name: 'serviceAccountEmail',
        comment:
          'The service account that may pull. Without this line, grant the permission to the subject of the cluster',
      },
    ],
    trust: [
      'trust:',
      `  repository: projects/PROJECT/locations/${place.includes('*') ? 'LOCATION' : place}/repositories/REPOSITORY`,
    ],
  }
}
