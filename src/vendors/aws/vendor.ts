/** Amazon Web Services. */
import { defineVendor, type Vendor } from '../vendor.ts'

export const aws: Vendor = defineVendor({
  title: 'AWS',
  stores: { s3: { form: 's3://BUCKET/PATH', load: async () => (await import('./stores/s3.ts')).store } },
  publisherIdentity: {
    form: 'a role’s ARN, such as arn:aws:iam::123456789012:role/publisher',
    load: async () => (await import('./publisher-identity.ts')).publisherIdentity,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
})
