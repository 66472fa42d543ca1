/** The resources as Terraform configures them. https://registry.terraform.io/providers/tencentcloudstack/tencentcloud/latest/docs */

import type { HclResource, TrustFinding } from '../../trust/contract.ts'
import { hclList, hclText, labelOf, terraformResource } from '../../trust/hcl.ts'
import { parseRole } from '../names.ts'
import type { DesiredPolicy, DesiredProvider, DesiredRole } from './desired.ts'
import { renderPolicy, renderPullPolicy, renderStatement } from './policies.ts'

/** The first version with `auto_rotate_key` is 1.83.12; the other resources exist since 1.78. */
const requires = (version: string): HclResource['requires'] => ({
  name: 'tencentcloud',
  source: 'tencentcloudstack/tencentcloud',
  version,
})
const usual = requires('>= 1.81')

const types = {
  provider: 'tencentcloud_cam_role_sso',
  role: 'tencentcloud_cam_role_by_name',
  policy: 'tencentcloud_cam_policy_by_name',
  attachment: 'tencentcloud_cam_role_policy_attachment_by_name',
} as const

/** Of a provider, as it is or becomes. */
export interface ProviderFields {
  readonly issuer: string
  readonly clientIds: readonly string[]
  readonly description: string
  /** `IdentityKey`. */
  readonly encodedKeys: string
  /** `AutoRotateKey`; undefined where CAM does not return it. */
  readonly autoRotateKey: number | undefined
}

export interface PolicyPresence {
  readonly policy: 'present' | 'absent'
  readonly attachment: 'present' | 'absent'
}

type Block = (presence: TrustFinding['presence']) => HclResource

export const providerBlock = (
  { arn, name }: DesiredProvider,
  { issuer, clientIds, description, encodedKeys, autoRotateKey }: ProviderFields,
): Block =>
  terraformResource(autoRotateKey === 1 ? requires('>= 1.83.12') : usual, {
    type: types.provider,
    label: labelOf(arn),
    id: name,
    attributes: [
      ['name', hclText(name)],
      ['identity_url', hclText(issuer)],
      ['client_ids', hclList(clientIds)],
      ['identity_key', hclText(encodedKeys)],
      ['description', hclText(description)],
      ...(autoRotateKey === 1 ? [['auto_rotate_key', '1'] as const] : []),
    ],
  })

/** `policy`: the trust policy, if it also contains other statements. */
export function roleBlock({
  arn,
  description,
  statements,
  policy = renderPolicy(statements.map(renderStatement)),
}: Pick<DesiredRole, 'arn' | 'description'> & {
  readonly statements: DesiredRole['statements']
  readonly policy?: string
}): Block {
  const { name } = parseRole(arn)
  const providers = [...new Set(statements.map(({ provider }) => `${types.provider}.${labelOf(provider)}`))]
  return terraformResource(usual, {
    type: types.role,
    label: labelOf(arn),
    id: name,
    attributes: [
      ['name', hclText(name)],
      ['description', hclText(description)],
      ['document', hclText(policy)],
      ['depends_on', `[${providers.join(', ')}]`],
    ],
  })
}

/** The policy, and its attachment to the role. */
export function policyBlock(desired: DesiredPolicy, presence: PolicyPresence): HclResource {
  const role = parseRole(desired.role).name
  const label = labelOf(desired.name)
  const policy = terraformResource(usual, {
    type: types.policy,
    label,
    id: desired.name,
    attributes: [
      ['name', hclText(desired.name)],
      ['description', hclText(desired.description)],
      ['document', hclText(renderPullPolicy(desired))],
    ],
  })(presence.policy)
  const attachment = terraformResource(usual, {
    type: types.attachment,
    label,
    id: `${role}#${desired.name}`,
    attributes: [
      ['role_name', `${types.role}.${labelOf(desired.role)}.name`],
      ['policy_name', `${types.policy}.${label}.name`],
    ],
  })(presence.attachment)
  const imports = [policy.importBlock, attachment.importBlock].filter((block) => block !== undefined)
  return {
    requires: usual,
    block: `${policy.block}\n\n${attachment.block}`,
    importBlock: imports.length === 0 ? undefined : imports.join('\n\n'),
  }
}
