/** Cloudsmith: OpenID Connect. https://help.cloudsmith.io/docs/openid-connect */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { CloudsmithSettings } from './settings.ts'

export const cloudsmith: Vendor = defineVendor<CloudsmithSettings>({
  title: 'Cloudsmith',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'curl',
    replaceable: ['providerUrl', 'claims', 'enabled', 'serviceAccounts', 'subjects', 'role', 'privilege'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
})
