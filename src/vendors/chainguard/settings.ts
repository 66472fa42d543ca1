/** The fields of `chainguard` in a document. */

import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import type { TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { endpointField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'

export interface ChainguardSettings {
  readonly identity: string
  /** Origin. */
  readonly endpoint: string
}

interface ChainguardForm {
  readonly identity: string
  readonly endpoint?: string
}

const identity: TextRule = {
  pattern: /^[a-z0-9]+(?:\/[a-z0-9]+)+$/,
  maxLength: 255,
  expected: 'the UIDP of an identity: ORGANIZATION/IDENTITY, as chainctl iam identities list prints it',
}

const shape = { identity: text(identity, 'UIDP of the identity that the service account may assume') }
const description = 'Chainguard (cgr.dev), by an assumable identity'
const tenantForm: z.ZodMiniType<ChainguardForm> = fields(shape, description)
const form: z.ZodMiniType<ChainguardForm> = fields({ ...shape, endpoint: z.exactOptional(endpointField) }, description)

export const settings: VendorSettings<ChainguardForm, ChainguardSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoint }) => (replacesEndpoint({ endpoint }, ['enforce.dev']) ? 'any' : registryHosts),
  read: async (written) => ({ settings: { endpoint: 'https://issuer.enforce.dev', ...written } }),
}
