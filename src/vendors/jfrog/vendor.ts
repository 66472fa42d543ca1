/** JFrog Artifactory: OpenID Connect integration. https://jfrog.com/help/r/jfrog-platform-administration-documentation/openid-connect-integration */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { JfrogSettings } from './settings.ts'

export const jfrog: Vendor = defineVendor<JfrogSettings>({
  title: 'JFrog',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'curl',
    replaceable: ['issuer', 'lifetime', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
})
