/** Tencent Container Registry, Enterprise. https://www.tencentcloud.com/document/product/1051 */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { TencentSettings } from './settings.ts'

export const tencent: Vendor = defineVendor<TencentSettings>({
  title: 'Tencent Cloud',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'tccli',
    replaceable: ['keys', 'clientIds', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
})
