/** Quay: keyless authentication of robot accounts. https://docs.quay.io/glossary/robot-accounts.html */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { QuaySettings } from './settings.ts'

export const quay: Vendor = defineVendor<QuaySettings>({
  title: 'Quay',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  trust: {
    commandLine: 'curl',
    replaceable: ['role', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  draft: async () => (await import('./hosts.ts')).draft,
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
