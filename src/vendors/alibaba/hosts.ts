/** Hosts of Alibaba Cloud Container Registry, Enterprise Edition. https://www.alibabacloud.com/help/en/acr/ */
import type { HostRule } from '../../document/vendor-hosts.ts'
import type { DraftOf } from '../vendor.ts'

/** An instance can also have a domain of its owner: hostPolicy: Any. */
export const registryHosts: HostRule = {
  accepts: (server) => /^[a-z0-9*-]+\.(?:[a-z0-9-]+\.)?cr\.aliyuncs\.com$/.test(server),
  expected: 'NAME-registry.REGION.cr.aliyuncs.com',
}

/** What `pullpass init` writes for such a host. */
export const draft: DraftOf = (host) => {
  if (!registryHosts.accepts(host)) return undefined
  const [, region] = /\.([a-z0-9-]+)\.cr\.aliyuncs\.com$/.exec(host) ?? []
  return {
    name: 'alibaba',
    facts: region === undefined ? 'Enterprise Edition' : `Enterprise Edition, region ${region}`,
    fields: [
      {
        name: 'roleArn',
        comment: 'The RAM role that may pull: acs:ram::ACCOUNT:role/NAME. pullpass trust apply creates it',
      },
      {
        name: 'oidcProviderArn',
        comment: 'The OIDC provider: acs:ram::ACCOUNT:oidc-provider/NAME. pullpass trust apply creates it',
      },
      { name: 'region', ...(region !== undefined && { value: region }), comment: 'The region of the instance' },
      { name: 'instanceId', comment: 'The id of the instance, in the console: cri-…' },
    ],
    trust: [
      'trust:',
      '  repositories: [NAMESPACE/NAME] # that may be pulled, and no others',
      '  fingerprints: [FINGERPRINT] # SHA-1 of the certificate authority of the issuer URL',
    ],
  }
}
