/** Every vendor's trust by the word that a document uses for him, loaded when it is used; a test holds this to the schema. */
import type { ProviderName } from '../document/document.ts'
import type { TrustVendor } from './trust-vendor.ts'

type Loaders = {
  readonly [Name in ProviderName]: () => Promise<TrustVendor<Name>>
}

export const trustVendors: Loaders = {
  gcp: async () => (await import('./gcp/trust.ts')).googleTrust,
}

/** The command line that a plan's commands are for, by vendor: what `plan -o` is asked for. */
export const commandLines: Readonly<Record<ProviderName, 'gcloud'>> = { gcp: 'gcloud' }
