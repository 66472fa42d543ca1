/** Yandex Cloud: workload identity federation. https://yandex.cloud/docs/iam/concepts/workload-identity */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { YandexSettings } from './settings.ts'

export const yandex: Vendor = defineVendor<YandexSettings>({
  title: 'Yandex Cloud',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'yc',
    replaceable: ['audiences', 'jwksUrl', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
