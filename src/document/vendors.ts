/** The vendors whose registries a document can name, by the word of a registry that holds their fields. */
import * as z from 'zod/mini'
import type { DocumentRegistry, ProviderName, TokenSource } from './document.ts'
import type { FieldPath, Flaw } from './document-errors.ts'
import type { GcpForm, RegistryForm } from './document-form.ts'
import { gcpFlaws, gcpForm, tenantGcpForm } from './gcp-schema.ts'
import { readGcpSettings } from './read-gcp-settings.ts'

interface Vendor {
  /** Rules between the vendor's fields; `path` leads to them. Nothing where the registry is another vendor's. */
  readonly flaws: (registry: RegistryForm, path: FieldPath) => Flaw[]
  /** The vendor's settings; undefined where the registry is another vendor's. Relative paths start at `folder`. */
  readonly read: (registry: RegistryForm, folder: string) => Promise<ReadProvider | undefined>
}

type ReadProvider = {
  [Name in ProviderName]: Pick<DocumentRegistry<Name>, 'provider' | 'settings'> & {
    readonly token: TokenSource | undefined
  }
}[ProviderName]

export const vendorFields: { readonly gcp: z.ZodMiniExactOptional<z.ZodMiniType<GcpForm>> } = {
  gcp: z.exactOptional(gcpForm),
}

/** The same for a tenant's document. */
export const tenantVendorFields: typeof vendorFields = {
  gcp: z.exactOptional(tenantGcpForm),
}

export const vendors: Readonly<Record<ProviderName, Vendor>> = {
  gcp: {
    flaws: ({ gcp }, path) => (gcp === undefined ? [] : gcpFlaws(gcp, path)),
    read: async ({ gcp }, folder) =>
      gcp === undefined ? undefined : { provider: 'gcp', ...(await readGcpSettings(gcp, folder)) },
  },
}
