/** The fields of `alibaba` in a document. */
import * as z from 'zod/mini'
import type { VendorSettings } from '../../document/document-vendor.ts'
import { originUrl } from '../../document/field-rules.ts'
import { fields, list, text } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { trustField } from '../registry-fields.ts'
import { certificateFingerprint } from '../trust/names.ts'
import { registryHosts } from './hosts.ts'
import { instanceId, providerArn, region, repository, roleArn } from './names.ts'

export interface AlibabaSettings {
  readonly roleArn: string
  readonly oidcProviderArn: string
  readonly region: string
  readonly instanceId: string
  readonly endpoints?: { readonly sts?: string; readonly cr?: string }
  readonly trust?: AlibabaTrust
}

/** What `pullpass trust` configures; exchanges do not use it. */
interface AlibabaTrust {
  /** NAMESPACE/NAME in the instance. */
  readonly repositories: readonly string[]
  /** SHA-1 of the authority that signs the certificate of the issuer's URL. */
  readonly fingerprints: readonly string[]
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
    trust: trustField({
      repositories: list(
        text(repository, 'Repository of the instance, with * for any characters'),
        20,
        'Repositories that may be pulled, and no others',
      ),
      fingerprints: list(
        text(certificateFingerprint, 'SHA-1'),
        5,
        "Of the certificate authority of the issuer's URL; Alibaba Cloud verifies the certificate with them",
      ),
    }),
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
