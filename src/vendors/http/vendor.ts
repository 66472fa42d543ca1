/** A request that the document declares, for services that no other vendor describes. */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { HttpSettings } from './settings.ts'

export const http: Vendor = defineVendor<HttpSettings>({
  title: 'HTTP',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
})
