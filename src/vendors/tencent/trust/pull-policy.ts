/**
 * The policy that allows a role to pull the images of one document, and its attachment to the role. A policy is found by its name,
 * which contains the mark of the cluster. https://www.tencentcloud.com/document/product/598/32212
 */

import { asObject, asText } from '../../../text/json-fields.ts'
import { type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { firstOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import { parseRole } from '../names.ts'
import type { DesiredPolicy } from './desired.ts'
import { renderPullPolicy, samePolicy } from './policies.ts'
import { type CamConnection, listAll, requestChange } from './requests.ts'
import type { PolicyPresence } from './terraform.ts'

interface FoundPolicy {
  readonly id: number
  readonly description: string
  readonly document: string
  /** Names of the roles, and names of users and groups, that it is attached to. */
  readonly roles: readonly string[]
  readonly others: readonly string[]
}

const roleEntity = 3

/** CAM reads a policy by its id only. */
async function readPolicy(cam: CamConnection, name: string): Promise<FoundPolicy | undefined> {
  const listed = await listAll(cam, { action: 'ListPolicies', fields: { Keyword: name, Scope: 'Local' } })
  const id = (listed ?? []).map(asObject).find((one) => one?.['PolicyName'] === name)?.['PolicyId']
  if (typeof id !== 'number') return undefined
  const policy = await cam.call({ action: 'GetPolicy', fields: { PolicyId: id } })
  const entities = await listAll(cam, { action: 'ListEntitiesForPolicy', fields: { PolicyId: id } })
  const attached = (entities ?? []).map((one) => asObject(one) ?? {})
  const isRole = (one: (typeof attached)[number]) => one['RelatedType'] === roleEntity
  const names = (some: typeof attached) => some.map((one) => asText(one['Name']) ?? '')
  return {
    id,
    description: asText(policy['Description']) ?? '',
    document: asText(policy['PolicyDocument']) ?? '',
    roles: names(attached.filter(isRole)),
    others: entities === undefined ? ['too many to list'] : names(attached.filter((one) => !isRole(one))),
  }
}

export async function observePolicy(
  desired: DesiredPolicy,
  cam: CamConnection,
  block: (presence: PolicyPresence) => NonNullable<VendorFinding['hcl']>,
): Promise<VendorFinding> {
  const { role, name, mark } = desired
  const found = await readPolicy(cam, name)
  if (found === undefined) {
    const changes = [creation(desired, cam), attachment(desired, cam)]
    return { presence: 'absent', verdict: 'create', changes }
  }
  const isAttached = found.roles.includes(parseRole(role).name)
  const hcl = block({ policy: 'present', attachment: isAttached ? 'present' : 'absent' })
  if (!isMarked(found.description, [mark])) {
    return {
      presence: 'present',
      verdict: 'refused',
      hcl,
      fault: trustRefused(`policy ${name} exists: ${describeOwner(found.description)}`, {
        expected: 'no policy of this name, which pullpass derives from the cluster, the role and the document',
        hint: 'it was not changed: rename or delete it, if nothing needs it',
      }),
    }
  }
  const changes = [
    ...(samePolicy(found.document, renderPullPolicy(desired)) ? [] : [update(desired, cam)]),
    ...(isAttached ? [] : [attachment(desired, cam)]),
  ]
  const others = [...found.roles.filter((one) => one !== parseRole(role).name), ...found.others]
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : isAttached ? 'update' : 'grant',
    changes,
    hcl,
    notes: others.length === 0 ? [] : [`it is also attached to ${firstOf(others).join(', ')}`],
  }
}

const describePull = ({ instances }: DesiredPolicy) =>
  `pulling from ${instances.flatMap(({ registryId, repositories }) => repositories.map((one) => `${registryId}/${one}`)).join(' and ')}`

const creation = (desired: DesiredPolicy, cam: CamConnection): VendorChange =>
  requestChange(
    { action: 'create', description: `create policy ${desired.name}: ${describePull(desired)}` },
    {
      action: 'CreatePolicy',
      fields: {
        PolicyName: desired.name,
        Description: desired.description,
        PolicyDocument: renderPullPolicy(desired),
      },
    },
    cam,
  )

const update = (desired: DesiredPolicy, cam: CamConnection): VendorChange =>
  requestChange(
    {
      action: 'update',
      fields: ['repositories'],
      description: `update policy ${desired.name}: ${describePull(desired)}`,
    },
    { action: 'UpdatePolicy', fields: { PolicyName: desired.name, PolicyDocument: renderPullPolicy(desired) } },
    cam,
  )

const attachment = ({ role, name }: DesiredPolicy, cam: CamConnection): VendorChange =>
  requestChange(
    { action: 'grant', description: `grant role ${role} the permissions of policy ${name}` },
    { action: 'AttachRolePolicy', fields: { AttachRoleName: parseRole(role).name, PolicyName: name } },
    cam,
  )

/** A policy that is attached to others too is only detached. */
export async function planPolicyRemoval(
  { role, name }: DesiredPolicy,
  { marks }: RemovalScope,
  cam: CamConnection,
): Promise<RemovalPlan> {
  const found = await readPolicy(cam, name)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const own = parseRole(role).name
  const others = [...found.roles.filter((one) => one !== own), ...found.others]
  return {
    state: 'removable',
    async remove() {
      if (found.roles.includes(own))
        await cam.call({ action: 'DetachRolePolicy', fields: { DetachRoleName: own, PolicyName: name } })
      if (others.length > 0) return `it was only detached from the role: ${firstOf(others).join(', ')} still use it`
      await cam.call({ action: 'DeletePolicy', fields: { PolicyId: [found.id] } })
      return undefined
    },
  }
}
