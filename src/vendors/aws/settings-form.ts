/** The fields of `aws` in a document, each with its rule and its description in the reference page. */

import * as z from 'zod/mini'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { SharedFields, VendorSettings } from '../../document/document-vendor.ts'
import { originUrl } from '../../document/field-rules.ts'
import { fields, list, text, word } from '../../document/schema-parts.ts'
import { showValue } from '../../document/show-value.ts'
import { replacesEndpoint } from '../../document/vendor-hosts.ts'
import { parseDuration } from '../../text/time.ts'
import { trustField } from '../registry-fields.ts'
import { certificateFingerprint } from '../trust/names.ts'
import { registryHosts } from './hosts.ts'
import {
  externalId,
  parseRole,
  policyArn,
  region,
  repositoryArn,
  roleArn,
  sessionDuration,
  sessionName,
  sessionPolicy,
} from './names.ts'
import { endpointDomains, looksLikeAws, parseRegistryHost, partitionOfRegion, serverName } from './partitions.ts'
import type { AwsForm, AwsSettings } from './settings.ts'

/** Of `trust`. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html */
export const thumbprints: z.ZodMiniType<readonly string[]> = list(
  text(certificateFingerprint, 'SHA-1'),
  5,
  "Thumbprints of the certificate authority of the issuer's URL, if it is private; default: AWS reads it",
)

const tenantShape = {
  roleArn: text(roleArn, 'IAM role that trusts the cluster, and may pull'),
  region: text(
    region,
    'Region of the registries; the hosts of a registry entry are in one region, and can be of several accounts',
  ),
  stsRegion: z.exactOptional(text(region, 'Region of the token service; default: region')),
  sessionName: z.exactOptional(
    text(sessionName, 'Name of the session in audit logs; default: pullpass.NAMESPACE.NAME'),
  ),
  sessionDuration: z.exactOptional(
    text(sessionDuration, 'Lifetime of a session, and maximum lifetime of the credential: 15m to 12h; default: 1h'),
  ),
  sessionPolicy: z.exactOptional(text(sessionPolicy, 'Policy in JSON that limits the session further')),
  sessionPolicyArns: z.exactOptional(
    list(text(policyArn, 'ARN'), 10, 'Managed policies that limit the session further'),
  ),
  assumeRoles: z.exactOptional(
    list(
      fields(
        {
          roleArn: text(roleArn, 'ARN of the role'),
          externalId: z.exactOptional(text(externalId, 'External id that its trust policy requires')),
        },
        'A role that is assumed with the session before it',
      ),
      4,
      'Roles that are assumed one after the other (role chaining); the last one pulls',
    ),
  ),
  endpointType: z.exactOptional(
    word(
      ['Standard', 'FIPS', 'DualStack', 'FIPSDualStack'],
      'Endpoints of AWS: with FIPS 140 validated cryptography, or with IPv6; default: Standard',
    ),
  ),
}

/** Fields that a tenant may set: no files, and no endpoints that receive the token. */
const tenantForm: z.ZodMiniType<AwsForm> = fields(tenantShape, 'Amazon Elastic Container Registry (ECR)')

const clusterForm: z.ZodMiniType<AwsForm> = fields(
  {
    ...tenantShape,
    endpoints: z.exactOptional(
      fields(
        {
          sts: z.exactOptional(text(originUrl, 'Token service')),
          ecr: z.exactOptional(text(originUrl, 'API of ECR')),
        },
        "Origins that replace AWS's own: a private endpoint or an emulator",
      ),
    ),
    trust: trustField({
      repositories: list(
        text(repositoryArn, 'ARN, with * for any characters'),
        20,
        'Repositories that may be pulled, and no others',
      ),
      thumbprints: z.exactOptional(thumbprints),
    }),
  },
  'Amazon Elastic Container Registry (ECR)',
)

/** Rules between the fields of `aws`, and for the hosts: a field without effect, or a credential for another registry, is an error. */
function problems(form: AwsForm, path: FieldPath, { hosts }: SharedFields): FieldProblem[] {
  return [
    ...hosts.flatMap((host, index) => ecrHostProblems(host, form, [...path.slice(0, -1), 'hosts', index])),
    ...partitionProblems(form, path),
    ...regionProblems(form, path),
    ...(form.assumeRoles !== undefined && secondsOf(form) > longestChained
      ? [
          {
            path: [...path, 'sessionDuration'],
            predicate: `is ${form.sessionDuration}, with assumeRoles`,
            expected: 'at most 1h: AWS limits sessions of chained roles to an hour',
          },
        ]
      : []),
    ...(form.stsRegion !== undefined && form.endpoints?.sts !== undefined
      ? [
          {
            path: [...path, 'stsRegion'],
            predicate: 'is given with endpoints.sts',
            expected: 'no stsRegion: the endpoint replaces the host that it selects',
            at: 'key' as const,
          },
        ]
      : []),
    ...(form.endpointType !== undefined && form.endpoints?.sts !== undefined && form.endpoints.ecr !== undefined
      ? [
          {
            path: [...path, 'endpointType'],
            predicate: 'is given with both endpoints',
            expected: 'no endpointType: the endpoints replace the hosts that it selects',
            at: 'key' as const,
          },
        ]
      : []),
  ]
}

const longestChained = 3600

const secondsOf = ({ sessionDuration: life }: AwsForm) => (life === undefined ? 0 : (parseDuration(life) ?? 0) / 1000)

/** A host of AWS must be a registry of this region. */
function ecrHostProblems(written: string, form: AwsForm, path: FieldPath): FieldProblem[] {
  const host = serverName(written)
  if (!looksLikeAws(host)) return []
  const found = parseRegistryHost(host)
  if (found?.region === form.region) return []
  const predicate = `is ${showValue(written)}`
  if (found !== undefined) {
    const expected = `a host of region ${form.region}: an ECR token is valid in its region only; for ${found.region} add a registry`
    return [{ path, predicate, expected }]
  }
  const expected =
    host === 'public.ecr.aws' || host === 'ecr-public.aws.com'
      ? 'a private registry; for the public registry use awsPublic'
      : `ACCOUNT.dkr.ecr.${form.region}.${partitionOfRegion(form.region).suffix}`
  return [{ path, predicate, expected }]
}

function partitionProblems(form: AwsForm, path: FieldPath): FieldProblem[] {
  const { name } = partitionOfRegion(form.region)
  const named: readonly (readonly [FieldPath, string])[] = [
    [[...path, 'roleArn'], parseRole(form.roleArn).partition],
    ...(form.assumeRoles ?? []).map(
      ({ roleArn: arn }, index) => [[...path, 'assumeRoles', index, 'roleArn'], parseRole(arn).partition] as const,
    ),
    ...(form.stsRegion === undefined
      ? []
      : [[[...path, 'stsRegion'], partitionOfRegion(form.stsRegion).name] as const]),
    ...(form.trust?.repositories ?? []).map(
      (arn, index) => [[...path, 'trust', 'repositories', index], arn.split(':')[1] ?? ''] as const,
    ),
  ]
  return named
    .filter(([, partition]) => partition !== name)
    .map(([at, partition]) => ({
      path: at,
      predicate: `is of partition ${partition}`,
      expected: `partition ${name}, as region ${form.region}: a role has no rights in another partition`,
    }))
}

function regionProblems({ region: own, trust }: AwsForm, path: FieldPath): FieldProblem[] {
  return (trust?.repositories ?? []).flatMap((arn, index) => {
    const other = arn.split(':')[3] ?? ''
    if (other === own) return []
    const at = [...path, 'trust', 'repositories', index]
    return [
      { path: at, predicate: `is in region ${other}`, expected: `a repository in region ${own}, as the registry` },
    ]
  })
}

export const settings: VendorSettings<AwsForm, AwsSettings> = {
  form: clusterForm,
  tenantForm,
  problems,
  hosts: ({ endpoints }) => (replacesEndpoint(endpoints, endpointDomains) ? 'any' : registryHosts),
  async read(form) {
    const { sessionDuration: written, ...same } = form
    const life = written === undefined ? {} : { sessionDurationSeconds: secondsOf(form) }
    return { settings: { ...same, ...life } }
  },
}
