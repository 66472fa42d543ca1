/**
 * Amazon ECR Public, public.ecr.aws: pulls with an identity have higher rate limits than anonymous ones. The session of a role and
 * the authorization token are requested as for private registries, by the code of `aws`.
 * https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
 */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { AwsPublicSettings } from './exchange.ts'

export const awsPublic: Vendor = defineVendor<AwsPublicSettings>({
  title: 'ECR Public',
  settings: async () => (await import('./settings-form.ts')).settings,
  exchange: async () => (await import('./exchange.ts')).exchange,
  trust: {
    with: 'aws',
    commandLine: 'aws',
    replaceable: ['trustPolicy', 'thumbprints', 'clientIds', 'subjects'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  draft: async () => (await import('./hosts.ts')).draft,
})
