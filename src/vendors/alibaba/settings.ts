/** The fields of `alibaba` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl, type TextRule } from '../../document/field-rules.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { registryHosts } from './hosts.ts'

export interface AlibabaSettings {
  readonly roleArn: string
  readonly oidcProviderArn: string
  readonly region: string
  readonly instanceId: string
  readonly endpoints?: { readonly sts?: string; readonly cr?: string }
}

const roleArn: TextRule = {
  pattern: /^acs:ram::[0-9]{1,20}:role\/[A-Za-z0-9._-]{1,64}$/,
  maxLength: 128,
  expected: 'the ARN of a RAM role: acs:ram::ACCOUNT:role/NAME',
}
const providerArn: TextRule = {
  pattern: /^acs:ram::[0-9]{1,20}:oidc-provider\/[A-Za-z0-9._-]{1,128}$/,
  maxLength: 200,
  expected: 'the ARN of an OIDC provider: acs:ram::ACCOUNT:oidc-provider/NAME',
}
const region: TextRule = {
  pattern: /^[a-z]{2}-[a-z0-9-]{1,40}$/,
  maxLength: 43,
  expected: 'a region, such as eu-central-1',
}
const instanceId: TextRule = {
  pattern: /^cri-[a-z0-9]{1,60}$/,
  maxLength: 64,
  expected: 'the id of an instance: cri-…',
}

const shape = {
  roleArn: text(roleArn, 'RAM role that trusts the OIDC provider and may pull'),
  oidcProviderArn: text(providerArn, "OIDC provider of the cluster's issuer"),
  region: text(region, 'Region of the instance'),
  instanceId: text(instanceId, 'Id of the Enterprise Edition instance'),
}
const description = 'Alibaba Cloud Container Registry, Enterprise Edition, by an OIDC provider and a RAM role'
const tenantForm: z.ZodMiniType<AlibabaSettings> = fields(shape, description)
const form: z.ZodMiniType<AlibabaSettings> = fields(
  {
    ...shape,
    endpoints: z.exactOptional(
      fields(
        { sts: z.exactOptional(text(originUrl, 'STS')), cr: z.exactOptional(text(originUrl, 'Container Registry')) },
        "Origins that replace Alibaba's own: a private endpoint or an emulator",
      ),
    ),
  },
  description,
)

export const settings: VendorSettings<AlibabaSettings, AlibabaSettings> = {
  form,
  tenantForm,
  problems: () => [],
  hosts: ({ endpoints }) => (replacesEndpoint(endpoints, ['aliyuncs.com']) ? 'any' : registryHosts),
  read: async (written) => ({ settings: written }),
}
