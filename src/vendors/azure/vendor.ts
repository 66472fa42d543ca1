/** Microsoft Azure. */
import { defineVendor, type Vendor } from '../vendor.ts'

export const azure: Vendor = defineVendor({
  title: 'Azure',
  stores: {
    azblob: {
      form: 'azblob://ACCOUNT/CONTAINER/PATH',
      load: async () => (await import('./stores/azblob.ts')).store,
    },
  },
  publisherIdentity: {
    form: 'TENANT_ID/CLIENT_ID at Azure',
    load: async () => (await import('./publisher-identity.ts')).publisherIdentity,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
