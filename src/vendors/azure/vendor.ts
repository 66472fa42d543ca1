/** Microsoft Azure: Container Registry by workload identity federation. https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { AzureSettings } from './settings.ts'

export const azure: Vendor = defineVendor<AzureSettings>({
  title: 'Azure',
  settings: async () => (await import('./settings-form.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'az',
    replaceable: ['issuer', 'audience', 'condition', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  stores: {
    azblob: {
      form: 'azblob://ACCOUNT/CONTAINER/PATH',
      load: async () => (await import('./stores/azblob.ts')).store,
    },
  },
  publisherIdentity: {
    form: 'TENANT_ID/CLIENT_ID at Azure',
    load: async () => (await import('./publisher-identity.ts')).publisherIdentity,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
  // https://learn.microsoft.com/azure/aks/use-oidc-issuer
  managedService: {
    name: 'AKS',
    issuers: [/^https:\/\/[a-z0-9-]+\.oic\.prod-aks\.azure\.(com|us|cn)\/[0-9a-f-]+\/[0-9a-f-]+\/$/],
  },
})
