/** The fields of `gcp` in a document, with their rules and descriptions for the reference page. */

import * as z from 'zod/mini'
import { type DocumentProblem, type FieldPath, type FieldProblem, refuse } from '../../document/document-errors.ts'
import type { ReadSettings, VendorSettings } from '../../document/document-vendor.ts'
import { filePath, originUrl, pathFrom } from '../../document/field-rules.ts'
import { fields, list, text, word } from '../../document/schema-parts.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { showPath } from '../../text/show.ts'
import { parseDuration } from '../../text/time.ts'
import { trustField } from '../registry-fields.ts'
import { registryHosts } from './hosts.ts'
import {
  artifactRepository,
  attributeCondition,
  canonicalProvider,
  gcpLifetime,
  gcpScope,
  poolId,
  projectNumber,
  providerId,
  providerOfParts,
  serviceAccountEmail,
  stsRegion,
  universeDomain,
  workloadIdentityProvider,
} from './names.ts'
import type { GcpForm, GcpSettings } from './settings.ts'

/** YAML reads digits as a number. */
const projectNumberOrText = z
  .union([text(projectNumber, 'Digits'), z.int().check(z.positive({ error: projectNumber.expected }))], {
    error: projectNumber.expected,
  })
  .register(z.globalRegistry, { description: "The project's number (not its ID), with poolId and providerId" })

const tenantShape = {
  workloadIdentityProvider: z.exactOptional(
    text(workloadIdentityProvider, 'Full resource name of the provider, with or without //iam.googleapis.com/'),
  ),
  projectNumber: z.exactOptional(projectNumberOrText),
  poolId: z.exactOptional(text(poolId, 'Id of the pool, with projectNumber and providerId')),
  providerId: z.exactOptional(text(providerId, 'Id of the provider, with projectNumber and poolId')),
  serviceAccountEmail: z.exactOptional(
    text(serviceAccountEmail, 'Service account to impersonate; absent: the federated token itself is the credential'),
  ),
  delegates: z.exactOptional(
    list(text(serviceAccountEmail, 'E-mail'), 16, 'Intermediate service accounts, in the order of delegation'),
  ),
  lifetime: z.exactOptional(
    text(gcpLifetime, 'Lifetime of the credential if a service account is impersonated: 1s to 12h; default: 1h'),
  ),
  scopes: z.exactOptional(list(text(gcpScope, 'Scope'), 32, 'OAuth scopes; default: cloud-platform.read-only')),
  stsRegion: z.exactOptional(text(stsRegion, 'Region of the token service to use')),
}

/** Fields for tenants: no files and no endpoints, for which the permissions of pullpass would be used. */
const tenantForm: z.ZodMiniType<GcpForm> = fields(tenantShape, 'Google Artifact Registry')

const clusterForm: z.ZodMiniType<GcpForm> = fields(
  {
    ...tenantShape,
    universeDomain: z.exactOptional(text(universeDomain, 'Domain of a universe other than googleapis.com')),
    endpoints: z.exactOptional(
      fields(
        {
          sts: z.exactOptional(text(originUrl, 'Token service')),
          iamCredentials: z.exactOptional(text(originUrl, 'IAM Credentials')),
        },
        "Origins that replace Google's endpoints: a private endpoint or an emulator",
      ),
    ),
    credentialFile: z.exactOptional(
      text(filePath, 'Credential configuration file of gcloud, instead of the provider and the service account'),
    ),
    trust: trustField({
      repository: text(artifactRepository, 'The only repository that the credential may read'),
      attributeCondition: z.exactOptional(
        text(
          attributeCondition,
          'CEL condition for the tokens of the issuer that the provider accepts; default: the names of the subjects in use',
        ),
      ),
      uploadKeys: z.exactOptional(
        word(
          ['Always', 'Never'],
          "Whether the cluster's keys are uploaded to the provider, so that issuer metadata need not be public; default: Never, Google reads them at the issuer's URL",
        ),
      ),
    }),
  },
  'Google Artifact Registry',
)

/** Rules between the fields of `gcp`: the provider is named in one way, and no field is ignored. */
const parts = ['projectNumber', 'poolId', 'providerId'] as const
const fromCredentialFile = ['workloadIdentityProvider', ...parts, 'serviceAccountEmail', 'stsRegion'] as const
/** Direct federation does not use them. */
const impersonationFields = ['delegates', 'lifetime'] as const

function problems(form: GcpForm, path: FieldPath): FieldProblem[] {
  const has = (field: keyof GcpForm) => form[field] !== undefined
  const conflicting = (names: readonly (keyof GcpForm)[], predicate: string, expected: string): FieldProblem[] =>
    names.filter(has).map((field) => ({ path: [...path, field], predicate, expected, at: 'key' }))

  if (has('credentialFile')) {
    return conflicting(
      fromCredentialFile,
      'is set in addition to credentialFile',
      'only the value in the credential file',
    )
  }
  return [
    ...providerProblems(form, path),
    ...(has('serviceAccountEmail')
      ? []
      : conflicting(
          impersonationFields,
          'is set without serviceAccountEmail',
          'serviceAccountEmail, or the field to be absent',
        )),
    ...(form.stsRegion !== undefined && (form.endpoints?.sts !== undefined || has('universeDomain'))
      ? conflicting(
          ['stsRegion'],
          'is set in addition to endpoints.sts or universeDomain',
          'no stsRegion: it is a part of the host of Google’s own endpoint',
        )
      : []),
  ]
}

function providerProblems(form: GcpForm, path: FieldPath): FieldProblem[] {
  const given = parts.filter((part) => form[part] !== undefined)
  const missing = parts.filter((part) => form[part] === undefined)
  if (form.workloadIdentityProvider !== undefined) {
    return given.map((part) => ({
      path: [...path, part],
      predicate: 'is set in addition to workloadIdentityProvider',
      expected: 'no such field: the full resource name contains it',
      at: 'key',
    }))
  }
  if (missing.length === 0) return []
  const predicate = given.length === 0 ? 'names no workload identity provider' : `has no ${missing.join(' and no ')}`
  return [{ path, predicate, expected: `workloadIdentityProvider, or all of ${parts.join(', ')}, or credentialFile` }]
}

/** `form` follows the schema and the rules above. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
async function read(form: GcpForm, folder: string): Promise<ReadSettings<GcpSettings>> {
  const { workloadIdentityProvider: named, projectNumber: number, poolId: pool, providerId: id, ...others } = form
  const { lifetime, credentialFile, ...same } = others
  const life = lifetime === undefined ? {} : { lifetimeSeconds: (parseDuration(lifetime) ?? 0) / 1000 }
  const keys = form.trust?.uploadKeys === 'Always' ? ({ keysUploaded: true } as const) : {}
  if (credentialFile !== undefined) {
    const { readCredentialFile, rewrite } = await import('./credential-file.ts')
    const path = pathFrom(folder, credentialFile)
    const { token, settings } = await readCredentialFile(path, form.universeDomain)
    const ignored = ignoredFields(form, settings, path)
    if (ignored !== undefined) throw refuse('CREDENTIAL_FILE_INVALID', [ignored], rewrite)
    const endpoints = { ...settings.endpoints, ...same.endpoints }
    return {
      token,
      settings: { ...settings, ...same, ...life, ...(Object.keys(endpoints).length > 0 && { endpoints }) },
      ...keys,
    }
  }
  const provider =
    named === undefined
      ? providerOfParts({ projectNumber: String(number), poolId: String(pool), providerId: String(id) })
      : canonicalProvider(named)
  return { settings: { workloadIdentityProvider: provider, ...same, ...life }, ...keys }
}

function ignoredFields(form: GcpForm, settings: GcpSettings, path: string): DocumentProblem | undefined {
  const ignored = impersonationFields.filter((field) => form[field] !== undefined)
  if (settings.serviceAccountEmail !== undefined || ignored.length === 0) return undefined
  const seen = `${showPath(path)} has no service account, and the document sets ${ignored.join(' and ')}`
  return { seen, expected: 'service_account_impersonation_url, or the fields to be absent' }
}

export const settings: VendorSettings<GcpForm, GcpSettings> = {
  form: clusterForm,
  tenantForm,
  problems,
  // Other universes have registries at other domains.
  hosts: ({ universeDomain: universe = 'googleapis.com', endpoints }) =>
    universe === 'googleapis.com' && !replacesEndpoint(endpoints, ['googleapis.com']) ? registryHosts : 'any',
  read,
}
