/** What `pullpass init` writes for an instance of Tencent Container Registry. */
import type { DraftOf } from '../draft.ts'
import { registryHosts } from './hosts.ts'

export const draft: DraftOf = (host) =>
  registryHosts.accepts(host)
    ? {
        name: 'tencent',
        facts: 'Container Registry',
        fields: [
          {
            name: 'roleArn',
            comment: 'CAM role that trusts the provider and may pull: qcs::cam::uin/ACCOUNT:roleName/NAME',
          },
          { name: 'providerId', comment: 'name of the OIDC provider of the issuer' },
          { name: 'region', comment: 'region of the instance' },
          { name: 'registryId', comment: 'id of the instance, in the console: tcr-…' },
        ],
      }
    : undefined
