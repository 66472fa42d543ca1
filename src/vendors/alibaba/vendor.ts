/** Alibaba Cloud Container Registry, Enterprise Edition. https://www.alibabacloud.com/help/en/acr/ */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { AlibabaSettings } from './settings.ts'

export const alibaba: Vendor = defineVendor<AlibabaSettings>({
  title: 'Alibaba Cloud',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'aliyun',
    replaceable: ['trustPolicy', 'clientIds', 'fingerprints', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
