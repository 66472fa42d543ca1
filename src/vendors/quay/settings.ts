/** The fields of `quay` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import type { TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { endpointField } from '../registry-fields.ts'

export interface QuaySettings {
  /** `ORGANIZATION+ROBOT`. */
  readonly robot: string
  /** Origin. */
  readonly endpoint: string
}

interface QuayForm {
  readonly robot: string
  readonly endpoint?: string
}

const robot: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\+[a-z][a-z0-9_-]*[a-z0-9]$/,
  maxLength: 255,
  expected: 'a robot account: ORGANIZATION+ROBOT, or USER+ROBOT',
}

const tenantShape = {
  robot: text(robot, 'Robot account with a federation for the service account, which is also the user name'),
}
const description = 'Quay, by robot federation (Quay 3.13 or newer, and quay.io)'
const tenantForm: z.ZodMiniType<QuayForm> = fields(tenantShape, description)
const form: z.ZodMiniType<QuayForm> = fields({ ...tenantShape, endpoint: z.exactOptional(endpointField) }, description)

export const settings: VendorSettings<QuayForm, QuaySettings> = {
  form,
  tenantForm,
  problems: ({ endpoint }, path, { hosts }) =>
    endpoint === undefined && hosts.some((host) => host.split('/')[0] !== 'quay.io')
      ? [
          {
            path: [...path, 'endpoint'],
            predicate: 'is missing, and a host is not quay.io: the token would be sent to quay.io',
            expected: 'the origin of that Quay server, such as https://quay.example.com',
          },
        ]
      : [],
  hosts: () => 'any', // an installation of Quay has a domain of its owner
  read: async (written) => ({ settings: { endpoint: 'https://quay.io', ...written } }),
}
