/** The fields of `yandex` in a document. */

import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import type { TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { endpointField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'

export interface YandexSettings {
  readonly serviceAccountId: string
  /** Origin. */
  readonly endpoint: string
}

interface YandexForm {
  readonly serviceAccountId: string
  readonly endpoint?: string
}

const serviceAccountId: TextRule = {
  pattern: /^[a-z][a-z0-9]{9,49}$/,
  maxLength: 50,
  expected: 'the id of a service account: lower-case letters and digits, such as ajeexample0123456789',
}

const shape = { serviceAccountId: text(serviceAccountId, 'Id of the service account that may pull') }
const description = 'Yandex Container Registry (cr.yandex), by workload identity federation'
const tenantForm: z.ZodMiniType<YandexForm> = fields(shape, description)
const form: z.ZodMiniType<YandexForm> = fields({ ...shape, endpoint: z.exactOptional(endpointField) }, description)

export const settings: VendorSettings<YandexForm, YandexSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoint }) => (replacesEndpoint({ endpoint }, ['yandex.cloud']) ? 'any' : registryHosts),
  read: async (written) => ({ settings: { endpoint: 'https://auth.yandex.cloud', ...written } }),
}
