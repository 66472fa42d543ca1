/** The fields of `jfrog` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'

export interface JfrogSettings {
  /** Origin of the platform. */
  readonly url: string
  readonly providerName: string
  readonly projectKey?: string
}

const platform: TextRule = {
  pattern: /^https:\/\/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.jfrog\.io$/,
  maxLength: 200,
  expected: 'https://NAME.jfrog.io',
}
const providerName: TextRule = {
  pattern: /^[A-Za-z0-9._-]+$/,
  maxLength: 255,
  expected: 'the name of an OIDC integration',
}
const projectKey: TextRule = { pattern: /^[a-z][a-z0-9-]*$/, maxLength: 32, expected: 'the key of a project' }

const shape = {
  providerName: text(providerName, 'Name of the OpenID Connect integration'),
  projectKey: z.exactOptional(text(projectKey, 'Key of the project to which the integration belongs')),
}
const description = 'JFrog Artifactory 7.73 or newer, by an OpenID Connect integration'
const form: z.ZodMiniType<JfrogSettings> = fields(
  { url: text(originUrl, 'Origin of the JFrog platform'), ...shape },
  description,
)
const tenantForm: z.ZodMiniType<JfrogSettings> = fields(
  { url: text(platform, 'Origin of the JFrog platform'), ...shape },
  description,
)

export const settings: VendorSettings<JfrogSettings, JfrogSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: () => 'any', // domains of customers
  read: async (written) => ({ settings: written }),
}
