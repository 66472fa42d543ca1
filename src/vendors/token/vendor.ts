/** Registries that verify the identity token itself as the password: Harbor's commercial edition, zot, Forgejo, JWT-checking proxies. */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { TokenSettings } from './settings.ts'

export const token: Vendor = defineVendor<TokenSettings>({
  title: 'identity token',
  passwordIsToken: true,
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
})
