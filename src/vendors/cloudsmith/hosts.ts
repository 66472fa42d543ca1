/** The host of Cloudsmith's Docker registry. https://docs.cloudsmith.com/formats/docker-registry */
import type { DraftOf } from '../vendor.ts'

/** Customers can have domains of their own, where the paths of images differ. */
export const registryHost = 'docker.cloudsmith.io'

export const draft: DraftOf = (host) =>
  host === registryHost
    ? {
        name: 'cloudsmith',
        facts: 'Docker registry',
        fields: [
          { name: 'organization', comment: 'The slug of the organization' },
          { name: 'service', comment: 'The slug of the service account that the OpenID Connect provider permits' },
        ],
        trust: ['trust:', '  repositories: [REPOSITORY]'],
      }
    : undefined
