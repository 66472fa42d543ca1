/** The fields of `cloudsmith` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { endpointField, trustField } from '../registry-fields.ts'
import { slugOf } from './names.ts'

export interface CloudsmithSettings {
  readonly organization: string
  readonly service: string
  /** Origin. */
  readonly endpoint: string
  readonly trust?: CloudsmithTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface CloudsmithTrust {
  /** Slugs, of repositories of the organization. */
  readonly repositories: readonly string[]
}

type CloudsmithForm = Omit<CloudsmithSettings, 'endpoint'> & { readonly endpoint?: string }

const shape = {
  organization: text(slugOf('an organization'), 'Slug of the organization'),
  service: text(slugOf('a service account'), 'Slug of the service account that the OpenID Connect provider permits'),
}
const description = 'Cloudsmith, by an OpenID Connect provider and a service account'
const tenantForm: z.ZodMiniType<CloudsmithForm> = fields(shape, description)
const form: z.ZodMiniType<CloudsmithForm> = fields(
  {
    ...shape,
    endpoint: z.exactOptional(endpointField),
    trust: trustField({
      repositories: list(
        text(slugOf('a repository'), 'Slug of a repository'),
        64,
        'Repositories; the privilege to read is granted on exactly these',
      ),
    }),
  },
  description,
)

export const settings: VendorSettings<CloudsmithForm, CloudsmithSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: () => 'any', // domains of customers
  read: async (written) => ({ settings: { endpoint: 'https://api.cloudsmith.io', ...written } }),
}
