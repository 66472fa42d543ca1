/** The fields of `tencent` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, text, word } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { registryHosts } from './hosts.ts'

export interface TencentSettings {
  readonly roleArn: string
  readonly providerId: string
  readonly region: string
  readonly registryId: string
  readonly site: 'tencentcloudapi.com' | 'intl.tencentcloudapi.com'
  readonly endpoints?: { readonly sts?: string; readonly tcr?: string }
}

type TencentForm = Omit<TencentSettings, 'site'> & { readonly site?: 'China' | 'International' }

const roleArn: TextRule = {
  pattern: /^qcs::cam::uin\/[0-9]{1,20}:roleName\/[A-Za-z0-9._-]{1,128}$/,
  maxLength: 200,
  expected: 'the ARN of a CAM role: qcs::cam::uin/ACCOUNT:roleName/NAME',
}
const providerId: TextRule = { pattern: /^[A-Za-z0-9_.-]+$/, maxLength: 128, expected: 'the name of an OIDC provider' }
const region: TextRule = {
  pattern: /^[a-z]{2}-[a-z0-9-]{1,40}$/,
  maxLength: 43,
  expected: 'a region, such as eu-frankfurt',
}
const registryId: TextRule = {
  pattern: /^tcr-[a-z0-9]{1,60}$/,
  maxLength: 64,
  expected: 'the id of an instance: tcr-…',
}

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
        { sts: z.exactOptional(text(originUrl, 'STS')), tcr: z.exactOptional(text(originUrl, 'Container Registry')) },
        "Origins that replace Tencent's own: a private endpoint or an emulator",
      ),
    ),
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
  }),
}
