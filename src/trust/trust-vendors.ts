/** Every vendor's trust by the word that a document uses for him, loaded when it is used; a test holds this to the schema. */
import type { DocumentRegistry } from '../document/document.ts'
import type { TrustVendor } from './trust-vendor.ts'

type Loaders = {
  readonly [Name in DocumentRegistry['provider']]: () => Promise<
    TrustVendor<Extract<DocumentRegistry, { provider: Name }>['settings']>
  >
}

interface CommandLines {
  readonly gcp: 'gcloud'
}

export const trustVendors: Loaders = {
  gcp: async () => (await import('./google/google-trust.ts')).googleTrust,
}

/** The command line that a plan's commands are for, by vendor: what `plan -o` is asked for. */
export const commandLines: CommandLines = { gcp: 'gcloud' }
