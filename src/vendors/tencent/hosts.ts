/** Hosts of Tencent Container Registry. https://www.tencentcloud.com/document/product/1051 */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'

/** An instance can also have a domain of its owner: hostPolicy: Any. */
export const registryHosts: HostRule = {
  accepts: (server) => /^[a-z0-9*-]+\.tencentcloudcr\.com$/.test(server),
  expected: 'NAME.tencentcloudcr.com',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'tencent',
        facts: 'Container Registry',
        fields: [
          {
            name: 'roleArn',
            comment: 'The CAM role that may pull: qcs::cam::uin/ACCOUNT:roleName/NAME. pullpass trust apply creates it',
          },
          { name: 'providerId', comment: 'The name of the OIDC provider. pullpass trust apply creates it' },
          { name: 'region', comment: 'The region of the instance' },
          { name: 'registryId', comment: 'The id of the instance, in the console: tcr-…' },
        ],
        trust: ['trust:', '  repositories:', '    - NAMESPACE/REPOSITORY'],
      }
    : undefined
