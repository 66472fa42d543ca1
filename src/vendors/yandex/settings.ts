/** The fields of `yandex` in a document. */

import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { endpointField, trustField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'
import { registryOrRepository, serviceAccountId } from './names.ts'

export interface YandexSettings {
  readonly serviceAccountId: string
  /** Origin. */
  readonly endpoint: string
  readonly trust?: YandexTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface YandexTrust {
  /** `REGISTRY_ID`, or `REGISTRY_ID/NAME`. */
  readonly repositories: readonly string[]
}

interface YandexForm {
  readonly serviceAccountId: string
  readonly endpoint?: string
  readonly trust?: YandexTrust
}

const shape = { serviceAccountId: text(serviceAccountId, 'Id of the service account that may pull') }
const description = 'Yandex Container Registry (cr.yandex), by workload identity federation'
const tenantForm: z.ZodMiniType<YandexForm> = fields(shape, description)
const form: z.ZodMiniType<YandexForm> = fields(
  {
    ...shape,
    endpoint: z.exactOptional(endpointField),
    trust: trustField({
      repositories: list(
        text(registryOrRepository, 'Registry or repository'),
        64,
        'Registries and repositories; the role to pull is granted on exactly these',
      ),
    }),
  },
  description,
)

export const settings: VendorSettings<YandexForm, YandexSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoint }) => (replacesEndpoint({ endpoint }, ['yandex.cloud']) ? 'any' : registryHosts),
  read: async (written) => ({ settings: { endpoint: 'https://auth.yandex.cloud', ...written } }),
}
