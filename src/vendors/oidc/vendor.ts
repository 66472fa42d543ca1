/** Any other verifier of OpenID Connect tokens, and any token exchange server. */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { OidcSettings } from './settings.ts'

export const oidc: Vendor = defineVendor<OidcSettings>({
  title: 'OIDC',
  settings: async () => (await import('./settings.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
