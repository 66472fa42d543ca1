/** The fields of `jfrog` in a document. */
import * as z from 'zod/mini'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { trustField } from '../registry-fields.ts'
import { groupName, repositoryOrPath, userName } from './names.ts'

export interface JfrogSettings {
  /** Origin of the platform. */
  readonly url: string
  readonly providerName: string
  readonly projectKey?: string
  readonly trust?: JfrogTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface JfrogTrust {
  /** `KEY`, or `KEY/PATH`. */
  readonly repositories: readonly string[]
  /** Exactly one of the two. */
  readonly username?: string
  readonly group?: string
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
const trust = trustField({
  repositories: list(
    text(repositoryOrPath, 'Repository, or a path in one'),
    64,
    'Local, remote or federated repositories, or paths in them; the permission to read is granted on exactly these',
  ),
  username: z.exactOptional(text(userName, 'User as which the tokens act; or group')),
  group: z.exactOptional(text(groupName, 'Group whose permissions the tokens have; or username')),
})
const description = 'JFrog Artifactory 7.73 or newer, by an OpenID Connect integration'
const form: z.ZodMiniType<JfrogSettings> = fields(
  { url: text(originUrl, 'Origin of the JFrog platform'), ...shape, trust },
  description,
)
const tenantForm: z.ZodMiniType<JfrogSettings> = fields(
  { url: text(platform, 'Origin of the JFrog platform'), ...shape },
  description,
)

function problems({ trust: own }: JfrogSettings, path: FieldPath): FieldProblem[] {
  if (own === undefined || (own.username === undefined) !== (own.group === undefined)) return []
  const predicate = own.group === undefined ? 'names no user or group' : 'names 2 identities: username, group'
  return [{ path: [...path, 'trust'], predicate, expected: 'exactly one of: username, group' }]
}

export const settings: VendorSettings<JfrogSettings, JfrogSettings> = {
  form,
  tenantForm,
  problems,
  hosts: () => 'any', // domains of customers
  read: async (written) => ({ settings: written }),
}
