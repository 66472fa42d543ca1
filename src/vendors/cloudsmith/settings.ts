/** The fields of `cloudsmith` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import type { TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { endpointField } from '../registry-fields.ts'

export interface CloudsmithSettings {
  readonly organization: string
  readonly service: string
  /** Origin. */
  readonly endpoint: string
}

type CloudsmithForm = Omit<CloudsmithSettings, 'endpoint'> & { readonly endpoint?: string }

const slug = (of: string): TextRule => ({
  pattern: /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/,
  maxLength: 100,
  expected: `the slug of ${of}: lower-case letters, digits, "-" and "_"`,
})

const shape = {
  organization: text(slug('an organization'), 'Slug of the organization'),
  service: text(slug('a service account'), 'Slug of the service account that the OpenID Connect provider permits'),
}
const description = 'Cloudsmith, by an OpenID Connect provider and a service account'
const tenantForm: z.ZodMiniType<CloudsmithForm> = fields(shape, description)
const form: z.ZodMiniType<CloudsmithForm> = fields({ ...shape, endpoint: z.exactOptional(endpointField) }, description)

export const settings: VendorSettings<CloudsmithForm, CloudsmithSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: () => 'any', // domains of customers
  read: async (written) => ({ settings: { endpoint: 'https://api.cloudsmith.io', ...written } }),
}
