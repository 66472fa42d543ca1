/** The resources as Terraform configures them. https://github.com/aliyun/terraform-provider-alicloud */
import {
  type HclAttribute,
  hclList,
  hclText,
  labelOf,
  type TerraformBlock,
  terraformResource,
} from '../../trust/hcl.ts'
import { parseArn } from '../names.ts'
import type { DesiredPolicy, DesiredProvider, DesiredRole } from './desired.ts'
import { renderPolicy, renderPullPolicy, renderStatement } from './policies.ts'

/** `role_name` and `assume_role_policy_document` exist since this version. */
const requires = { name: 'alicloud', source: 'aliyun/alicloud', version: '>= 1.252.0' }

type Resource = ReturnType<typeof terraformResource>

const resource = (block: TerraformBlock): Resource => terraformResource(requires, block)

const types = {
  provider: 'alicloud_ims_oidc_provider',
  role: 'alicloud_ram_role',
  policy: 'alicloud_ram_policy',
  grant: 'alicloud_ram_role_policy_attachment',
} as const

/** The attachment of a policy to a role, in plans. */
export const policyResourceName = (role: string, policy: string): string => `${role} policy ${policy}`

export function providerBlock({ arn, issuer, clientIds, fingerprints, description }: DesiredProvider): Resource {
  const { name } = parseArn(arn)
  return resource({
    type: types.provider,
    label: labelOf(arn),
    id: name,
    attributes: [
      ['oidc_provider_name', hclText(name)],
      ['issuer_url', hclText(issuer)],
      ['client_ids', hclList(clientIds)],
      ['fingerprints', hclList(fingerprints)],
      ['description', hclText(description)],
    ],
  })
}

/** Fields of an existing role: Terraform changes what a block does not contain. */
interface ExistingRole {
  /** The trust policy, if it also contains other statements. */
  readonly policy?: string
  readonly maxSessionSeconds?: number
}

export function roleBlock({
  arn,
  description,
  statements,
  policy = renderPolicy(statements.map(renderStatement)),
  maxSessionSeconds = 3600,
}: DesiredRole & ExistingRole): Resource {
  const { name } = parseArn(arn)
  const providers = [...new Set(statements.map(({ provider }) => `${types.provider}.${labelOf(provider)}`))]
  const duration: HclAttribute[] =
    maxSessionSeconds === 3600 ? [] : [['max_session_duration', String(maxSessionSeconds)]]
  return resource({
    type: types.role,
    label: labelOf(arn),
    id: name,
    attributes: [
      ['role_name', hclText(name)],
      ['description', hclText(description)],
      ['assume_role_policy_document', hclText(policy)],
      ...duration,
      ['depends_on', `[${providers.join(', ')}]`],
    ],
  })
}

export function policyBlock(desired: DesiredPolicy): Resource {
  const { name } = parseArn(desired.arn)
  return resource({
    type: types.policy,
    label: labelOf(desired.arn),
    id: name,
    attributes: [
      ['policy_name', hclText(name)],
      ['description', hclText(desired.description)],
      ['policy_document', hclText(renderPullPolicy(desired))],
      ['rotate_strategy', hclText('DeleteOldestNonDefaultVersionWhenLimitExceeded')],
    ],
  })
}

export function grantBlock({ arn, role }: DesiredPolicy): Resource {
  const [policy, { name }] = [parseArn(arn).name, parseArn(role)]
  return resource({
    type: types.grant,
    label: labelOf(policyResourceName(role, policy)),
    id: `role:${policy}:Custom:${name}`,
    attributes: [
      ['role_name', `${types.role}.${labelOf(role)}.role_name`],
      ['policy_name', `${types.policy}.${labelOf(arn)}.policy_name`],
      ['policy_type', hclText('Custom')],
    ],
  })
}
