/** Google Cloud: Artifact Registry by workload identity federation. https://cloud.google.com/iam/docs/workload-identity-federation */
import { defineVendor, type Vendor } from '../vendor.ts'
import type { GcpSettings } from './settings.ts'

export const gcp: Vendor = defineVendor<GcpSettings>({
  title: 'Google',
  settings: async () => (await import('./settings-form.ts')).settings,
  variables: async () => (await import('./variables.ts')).variables,
  exchange: async () => (await import('./exchange.ts')).exchange,
  draft: async () => (await import('./hosts.ts')).draft,
  trust: {
    commandLine: 'gcloud',
    replaceable: ['issuer', 'mapping', 'condition', 'subjects', 'keys'],
    load: async () => (await import('./trust/trust.ts')).trust,
  },
  stores: {
    gs: { form: 'gs://BUCKET/PATH', load: async () => (await import('./stores/gs.ts')).store },
    'gcp-provider': {
      form: 'gcp-provider:projects/…',
      publishes: 'keys',
      load: async () => (await import('./stores/gcp-provider.ts')).store,
    },
  },
  publisherIdentity: {
    form: 'a service account’s e-mail address at Google',
    load: async () => (await import('./publisher-identity.ts')).publisherIdentity,
  },
  issuerRequirements: async () => (await import('./issuer-requirements.ts')).issuerRequirements,
  // https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
  managedService: {
    name: 'GKE',
    issuers: [/^https:\/\/container\.googleapis\.com\/v1\/projects\/[\w.:-]+\/locations\/[\w-]+\/clusters\/[\w-]+$/],
  },
})
