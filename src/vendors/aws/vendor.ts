/** Amazon Web Services: ECR by sessions of IAM roles. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { AwsSettings } from './settings.ts'

export const aws: Vendor = defineVendor<AwsSettings>({
  title: 'AWS',
  settings: async () => (await import('./settings-form.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'aws',
    replaceable: ['trustPolicy', 'thumbprints', 'clientIds', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  stores: { s3: { form: 's3://BUCKET/PATH', load: async () => (await import('./stores/s3.ts')).store } },
  publisherIdentity: {
    form: 'a role’s ARN, such as arn:aws:iam::123456789012:role/publisher',
    load: async () => (await import('./publisher-identity.ts')).publisherIdentity,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
  // https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html
  managedService: {
    name: 'EKS',
    issuers: [
      /^https:\/\/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/id\/[A-Z0-9]+$/,
      /^https:\/\/oidc-eks\.[a-z0-9-]+\.api\.aws\/id\/[A-Z0-9]+$/,
    ],
  },
})
