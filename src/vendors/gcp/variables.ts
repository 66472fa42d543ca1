/** The variables of a widely used script of curl, jq and kubectl. Loads no package, for a fast start in a CronJob. */
import type { DropInVariables } from '../../document/document-vendor.ts'
import { registryHosts } from './hosts.ts'
import { poolId, projectNumber, providerId, providerOfParts, serviceAccountEmail } from './names.ts'
import type { GcpSettings } from './settings.ts'

export const variables: DropInVariables<GcpSettings> = {
  registry: 'google',
  defaultHost: 'europe-docker.pkg.dev',
  hosts: registryHosts,
  rules: {
    PROJECT_NUMBER: projectNumber,
    POOL_ID: poolId,
    PROVIDER_ID: providerId,
    SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
  },
  settings: (text) => ({
    workloadIdentityProvider: providerOfParts({
      projectNumber: text('PROJECT_NUMBER'),
      poolId: text('POOL_ID'),
      providerId: text('PROVIDER_ID'),
    }),
    serviceAccountEmail: text('SERVICE_ACCOUNT_EMAIL'),
  }),
}
