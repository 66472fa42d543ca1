/** The host of Yandex Container Registry. https://yandex.cloud/en/docs/container-registry/ */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'

export const registryHosts: HostRule = {
  accepts: (server) => server === 'cr.yandex' || server.endsWith('.cr.yandex'),
  expected: 'cr.yandex or a host below it',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'yandex',
        credential: 'every registry',
        facts: 'Container Registry',
        fields: [
          {
            name: 'serviceAccountId',
            comment: 'The id of the service account that may pull. yc iam service-account list prints it',
          },
        ],
        trust: ['trust:', '  repositories: [REGISTRY_ID]'],
      }
    : undefined
