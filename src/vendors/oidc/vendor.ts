/** Any other verifier of OpenID Connect tokens. */
import { defineVendor, type Vendor } from '../vendor.ts'

export const oidc: Vendor = defineVendor({
  title: 'OIDC',
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
