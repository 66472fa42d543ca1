/**
 * The policy that allows pulling the images of one document, and its attachment to the role.
 * https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createpolicy
 */

import { asList, asObject, asText } from '../../../text/json-fields.ts'
import { type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { firstOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import { samePolicy } from '../../trust/policy-document.ts'
import { parseArn } from '../names.ts'
import type { DesiredPolicy } from './desired.ts'
import { attachedPolicies, onRole } from './found-role.ts'
import { renderPullPolicy } from './policies.ts'
import { changeByCall, type RamCall, type RamConnection, readEntity } from './requests.ts'
import { policyBlock, policyResourceName } from './terraform.ts'

const nameOf = ({ arn }: Pick<DesiredPolicy, 'arn'>) => parseArn(arn).name

const onPolicy = (action: string, policy: DesiredPolicy, fields: Readonly<Record<string, string>> = {}): RamCall => ({
  service: 'ram',
  action,
  fields: { PolicyName: nameOf(policy), ...fields },
})

const custom = { PolicyType: 'Custom' }

interface FoundPolicy {
  /** Of its default version. */
  readonly document: string
  readonly description: string
}

async function readPolicy(policy: DesiredPolicy, ram: RamConnection): Promise<FoundPolicy | undefined> {
  const body = await readEntity(ram, onPolicy('GetPolicy', policy, custom))
  if (body === undefined) return undefined
  return {
    document: asText(asObject(body['DefaultPolicyVersion'])?.['PolicyDocument']) ?? '',
    description: asText(asObject(body['Policy'])?.['Description']) ?? '',
  }
}

const describeRepositories = ({ repositories }: DesiredPolicy) => `pulling from ${repositories.join(' and ')}`

export async function observePolicy(desired: DesiredPolicy, ram: RamConnection): Promise<VendorFinding> {
  const found = await readPolicy(desired, ram)
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, ram)] }
  const hcl = policyBlock({ ...desired, description: found.description })('present')
  if (samePolicy(found.document, renderPullPolicy(desired))) return { presence: 'present', verdict: 'ok', hcl }
  const isOwn = isMarked(found.description, [desired.mark])
  const others = isOwn ? await otherHolders(desired, ram) : []
  if (!isOwn || others.length > 0)
    return { presence: 'present', verdict: 'refused', hcl, fault: policyRefusal(desired, others) }
  return { presence: 'present', verdict: 'update', hcl, changes: [update(desired, ram)] }
}

/** A change of the policy changes the permissions of every user, group and role that has it. */
const policyRefusal = ({ arn, role }: DesiredPolicy, others: readonly string[]) =>
  trustRefused(
    others.length === 0
      ? `policy ${arn} exists, and pullpass did not create it`
      : `policy ${arn} is also attached to ${firstOf(others).join(', ')}`,
    {
      expected: `a policy that pullpass created, and that only ${role} has`,
      hint: others.length === 0 ? 'delete or rename it' : 'detach it from the others',
    },
  )

function creation(desired: DesiredPolicy, ram: RamConnection): VendorChange {
  const { arn, description } = desired
  const call = onPolicy('CreatePolicy', desired, {
    Description: description,
    PolicyDocument: renderPullPolicy(desired),
  })
  return changeByCall(
    { action: 'create', description: `create policy ${arn} for ${describeRepositories(desired)}` },
    call,
    ram,
  )
}

/** RAM keeps five versions; the oldest one of this policy makes space. */
function update(desired: DesiredPolicy, ram: RamConnection): VendorChange {
  const call = onPolicy('CreatePolicyVersion', desired, {
    PolicyDocument: renderPullPolicy(desired),
    SetAsDefault: 'true',
    RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
  })
  return changeByCall(
    {
      action: 'update',
      fields: ['repositories'],
      description: `update policy ${desired.arn}: ${describeRepositories(desired)}`,
    },
    call,
    ram,
  )
}

/** Users, groups and roles that have the policy, apart from its role. */
async function otherHolders(policy: DesiredPolicy, ram: RamConnection): Promise<string[]> {
  const body = (await readEntity(ram, onPolicy('ListEntitiesForPolicy', policy, custom))) ?? {}
  const kinds = [
    ['Users', 'User', 'UserName'],
    ['Groups', 'Group', 'GroupName'],
    ['Roles', 'Role', 'RoleName'],
  ] as const
  return kinds.flatMap(([list, kind, field]) =>
    asList(asObject(body[list])?.[kind])
      .map((one) => asText(asObject(one)?.[field]) ?? '')
      .filter((name) => kind !== 'Role' || name !== parseArn(policy.role).name)
      .map((name) => `${kind.toLowerCase()} ${name}`),
  )
}

export async function observeGrant(desired: DesiredPolicy, ram: RamConnection): Promise<VendorFinding> {
  const { role } = desired
  if ((await attachedPolicies(ram, role)).includes(nameOf(desired))) return { presence: 'present', verdict: 'ok' }
  const call = onRole('AttachPolicyToRole', role, { ...custom, PolicyName: nameOf(desired) })
  const change = { action: 'grant', description: `grant role ${role} ${describeRepositories(desired)}` } as const
  return { presence: 'absent', verdict: 'grant', changes: [changeByCall(change, call, ram)] }
}

export async function planGrantRemoval(desired: DesiredPolicy, ram: RamConnection): Promise<RemovalPlan> {
  const { role } = desired
  if (!(await attachedPolicies(ram, role)).includes(nameOf(desired))) return { state: 'absent' }
  const call = onRole('DetachPolicyFromRole', role, { ...custom, PolicyName: nameOf(desired) })
  return { state: 'removable', remove: async () => void (await ram.call(call)) }
}

/** With its versions, if pullpass created it and only its role has it. */
export async function planPolicyRemoval(
  desired: DesiredPolicy,
  { marks, removed }: RemovalScope,
  ram: RamConnection,
): Promise<RemovalPlan> {
  const found = await readPolicy(desired, ram)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const others = await otherHolders(desired, ram)
  if (others.length > 0) return { state: 'kept', note: `it is also attached to ${firstOf(others).join(', ')}` }
  const grant = policyResourceName(desired.role, nameOf(desired))
  const isAttached = (await attachedPolicies(ram, desired.role)).includes(nameOf(desired))
  if (isAttached && !removed.includes(grant)) return { state: 'kept', note: `${desired.role} has it` }
  const call = onPolicy('DeletePolicy', desired, { CascadingDelete: 'true' })
  return { state: 'removable', remove: async () => void (await ram.call(call)) }
}
