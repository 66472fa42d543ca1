/** The fields of `tencent` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl } from '../../document/field-rules.ts'
import { fields, list, text, word } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { trustField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'
import { providerId, region, registryId, repository, roleArn } from './names.ts'

export interface TencentSettings {
  readonly roleArn: string
  readonly providerId: string
  readonly region: string
  readonly registryId: string
  readonly site: 'tencentcloudapi.com' | 'intl.tencentcloudapi.com'
  readonly endpoints?: { readonly sts?: string; readonly tcr?: string }
  /** What `pullpass trust` configures; exchanges do not use it. `repositories`: NAMESPACE/NAME. */
  readonly trust?: { readonly repositories: readonly string[] }
}

type TencentForm = Omit<TencentSettings, 'site'> & { readonly site?: 'China' | 'International' }

const shape = {
  roleArn: text(roleArn, 'CAM role that trusts the OIDC provider and may pull'),
  providerId: text(providerId, "Name of the OIDC provider of the cluster's issuer"),
  region: text(region, 'Region of the instance'),
  registryId: text(registryId, 'Id of the instance'),
  site: z.exactOptional(word(['China', 'International'], 'Site of the account; by default International')),
}
const description = 'Tencent Container Registry, by an OIDC provider and a CAM role'
const tenantForm: z.ZodMiniType<TencentForm> = fields(shape, description)
const form: z.ZodMiniType<TencentForm> = fields(
  {
    ...shape,
    endpoints: z.exactOptional(
      fields(
        {
          sts: z.exactOptional(text(originUrl, 'STS')),
          tcr: z.exactOptional(text(originUrl, 'Container Registry')),
        },
        "Origins that replace Tencent's own: a private endpoint or an emulator",
      ),
    ),
    trust: trustField({
      repositories: list(
        text(repository, 'NAMESPACE/REPOSITORY, or NAMESPACE/* for those below it'),
        20,
        'Repositories of the instance that may be pulled, and no others',
      ),
    }),
  },
  description,
)

export const settings: VendorSettings<TencentForm, TencentSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoints }) => (replacesEndpoint(endpoints, ['tencentcloudapi.com']) ? 'any' : registryHosts),
  read: async ({ site, ...written }) => ({
    settings: { ...written, site: site === 'China' ? 'tencentcloudapi.com' : 'intl.tencentcloudapi.com' },
    keysUploaded: true,
  }),
}
