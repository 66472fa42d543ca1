/** The resources as Terraform configures them. https://github.com/hashicorp/terraform-provider-aws */
import {
  type HclAttribute,
  hclList,
  hclText,
  labelOf,
  type TerraformBlock,
  terraformResource,
} from '../../trust/hcl.ts'
import { parseRole } from '../names.ts'
import type { DesiredPolicy, DesiredProvider, DesiredRole } from './desired.ts'
import { policyResourceName, renderPolicy, renderPullPolicy, renderStatement } from './policies.ts'

const requires = { name: 'aws', source: 'hashicorp/aws', version: '>= 5.0' }

const resource = (block: TerraformBlock): ReturnType<typeof terraformResource> => terraformResource(requires, block)

const types = {
  provider: 'aws_iam_openid_connect_provider',
  role: 'aws_iam_role',
  policy: 'aws_iam_role_policy',
} as const

/** Fields of an existing resource that others configured: Terraform removes what a block does not contain. */
interface Existing {
  readonly tags?: Readonly<Record<string, string>>
}

const tagsAttribute = (tags: Readonly<Record<string, string>>): HclAttribute[] =>
  Object.keys(tags).length === 0
    ? []
    : [
        [
          'tags',
          `{ ${Object.entries(tags)
            .map(([key, value]) => `${hclText(key)} = ${hclText(value)}`)
            .join(', ')} }`,
        ],
      ]

export const providerBlock = ({
  arn,
  issuer,
  clientIds,
  thumbprints,
  mark,
  tags = { pullpass: mark },
}: DesiredProvider & Existing): ReturnType<typeof resource> =>
  resource({
    type: types.provider,
    label: labelOf(arn),
    id: arn,
    attributes: [
      ['url', hclText(issuer)],
      ['client_id_list', hclList(clientIds)],
      ...(thumbprints === undefined ? [] : [['thumbprint_list', hclList(thumbprints)] as const]),
      ...tagsAttribute(tags),
    ],
  })

/** `policy`: the trust policy, if it also contains other statements. */
export function roleBlock({
  arn,
  description,
  statements,
  maxSessionSeconds,
  policy = renderPolicy(statements.map(renderStatement)),
  tags = {},
}: DesiredRole & Existing & { readonly policy?: string }): ReturnType<typeof resource> {
  const { name, path } = parseRole(arn)
  const providers = [...new Set(statements.map(({ provider }) => `${types.provider}.${labelOf(provider)}`))]
  return resource({
    type: types.role,
    label: labelOf(arn),
    id: name,
    attributes: [
      ['name', hclText(name)],
      ['path', hclText(path)],
      ['description', hclText(description)],
      ...(maxSessionSeconds === 3600 ? [] : [['max_session_duration', String(maxSessionSeconds)] as const]),
      ['assume_role_policy', hclText(policy)],
      ...tagsAttribute(tags),
      ['depends_on', `[${providers.join(', ')}]`],
    ],
  })
}

export const policyBlock = (desired: DesiredPolicy): ReturnType<typeof resource> =>
  resource({
    type: types.policy,
    label: labelOf(policyResourceName(desired.role, desired.name)),
    id: `${parseRole(desired.role).name}:${desired.name}`,
    attributes: [
      ['name', hclText(desired.name)],
      ['role', `${types.role}.${labelOf(desired.role)}.name`],
      ['policy', hclText(renderPullPolicy(desired))],
    ],
  })
