/** Chainguard: assumable identities. https://edu.chainguard.dev/chainguard/administration/assumable-ids/ */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { ChainguardSettings } from './settings.ts'

export const chainguard: Vendor = defineVendor<ChainguardSettings>({
  title: 'Chainguard',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'chainctl',
    replaceable: ['issuer', 'subject', 'audience'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
})
