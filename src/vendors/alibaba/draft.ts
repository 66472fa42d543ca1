/** What `pullpass init` writes for an instance of Alibaba Cloud Container Registry. */
import type { DraftOf } from '../draft.ts'
import { registryHosts } from './hosts.ts'

export const draft: DraftOf = (host) => {
  if (!registryHosts.accepts(host)) return undefined
  const [, region] = /\.([a-z0-9-]+)\.cr\.aliyuncs\.com$/.exec(host) ?? []
  return {
    name: 'alibaba',
    facts: region === undefined ? 'Enterprise Edition' : `Enterprise Edition, region ${region}`,
    fields: [
      { name: 'roleArn', comment: 'RAM role that trusts the OIDC provider and may pull: acs:ram::ACCOUNT:role/NAME' },
      { name: 'oidcProviderArn', comment: 'OIDC provider of the issuer: acs:ram::ACCOUNT:oidc-provider/NAME' },
      { name: 'region', ...(region !== undefined && { value: region }), comment: 'region of the instance' },
      { name: 'instanceId', comment: 'id of the instance, in the console: cri-…' },
    ],
  }
}
