/** Hosts of JFrog's own platform. https://jfrog.com/help/r/jfrog-platform-administration-documentation/openid-connect-integration */
import type { DraftOf } from '../vendor.ts'

export const draft: DraftOf = (host) =>
  host.endsWith('.jfrog.io')
    ? {
        name: 'jfrog',
        facts: 'JFrog platform',
        fields: [
          { name: 'url', value: `https://${host}`, comment: 'The URL of the platform' },
          { name: 'providerName', comment: 'The name of the OpenID Connect integration' },
        ],
        trust: ['trust:', '  repositories: [REPOSITORY]', '  username: USER'],
      }
    : undefined
