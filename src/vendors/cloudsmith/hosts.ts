/** The host of Cloudsmith's Docker registry. https://docs.cloudsmith.com/formats/docker-registry */
import type { DraftOf } from '../vendor.ts'

export const draft: DraftOf = (host) =>
  host === 'docker.cloudsmith.io'
    ? {
        name: 'cloudsmith',
        facts: 'Docker registry',
        fields: [
          { name: 'organization', comment: 'The slug of the organization' },
          { name: 'service', comment: 'The slug of the service account that the OpenID Connect provider permits' },
        ],
      }
    : undefined
