/** The fields of `chainguard` in a document. */

import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { endpointField, trustField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'
import { identity, repositories } from './names.ts'

export interface ChainguardSettings {
  readonly identity: string
  /** Origin. */
  readonly endpoint: string
  readonly trust?: ChainguardTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface ChainguardTrust {
  /** `ORGANIZATION`, or `ORGANIZATION/FOLDER`. */
  readonly repositories: readonly string[]
}

interface ChainguardForm {
  readonly identity: string
  readonly endpoint?: string
  readonly trust?: ChainguardTrust
}

const shape = { identity: text(identity, 'UIDP of the identity that the service account may assume') }
const description = 'Chainguard (cgr.dev), by an assumable identity'
const tenantForm: z.ZodMiniType<ChainguardForm> = fields(shape, description)
const form: z.ZodMiniType<ChainguardForm> = fields(
  {
    ...shape,
    endpoint: z.exactOptional(endpointField),
    trust: trustField({
      repositories: list(
        text(repositories, 'Organization, or one of its folders'),
        64,
        'The organization or its folders; the role to pull is granted on exactly these',
      ),
    }),
  },
  description,
)

export const settings: VendorSettings<ChainguardForm, ChainguardSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoint }) => (replacesEndpoint({ endpoint }, ['enforce.dev']) ? 'any' : registryHosts),
  read: async (written) => ({ settings: { endpoint: 'https://issuer.enforce.dev', ...written } }),
}
