/**
 * The permission of a robot to read a repository: a user or robot has one role there. It cannot carry a mark, so it is recorded in
 * the cluster. https://github.com/quay/quay: endpoints/api/permission.py, endpoints/api/repository.py
 */
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { type Accepted, type RecordEntry, type RemovalPlan, recordKey, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { orAbsent } from '../../trust/responses.ts'
import { changeByRequest, requestTrust } from '../../trust/token-api.ts'
import { type DesiredRobot, permissionResource, robotResource } from './desired.ts'
import { describeEntry, type FoundEntry, isSame } from './federation.ts'
import { apiOf } from './requests.ts'

/** Of a robot of a document, on one of its repositories. */
export interface DesiredPermission {
  readonly robot: DesiredRobot
  readonly repository: string
}

/** `absent`: of the repository. */
export type FoundRole = { readonly role: string | undefined } | 'absent'

const repositoryPath = ({ repository }: DesiredPermission) => `/api/v1/repository/${repository}`
const permissionsPath = (desired: DesiredPermission) => `${repositoryPath(desired)}/permissions/user/`
const permissionPath = (desired: DesiredPermission) =>
  `${permissionsPath(desired)}${encodeURIComponent(desired.robot.robot)}`

/** @throws TRUST_DENIED, TRUST_UNAVAILABLE, … */
export async function readRole(context: Context, desired: DesiredPermission): Promise<FoundRole> {
  const { robot } = desired
  const api = apiOf(robot)
  // By the list: a permission that does not exist has an error without a code of its own.
  const role = await requestTrust(context, api, { method: 'GET', path: permissionsPath(desired) }, (body) => {
    const all = asObject(asObject(body)?.['permissions'])
    if (all === undefined) throw new UnexpectedResponse('it contains no permissions')
    const own = Object.hasOwn(all, robot.robot) ? asObject(all[robot.robot]) : undefined
    return own === undefined ? undefined : (asText(own['role'])?.slice(0, longestRole) ?? 'unknown')
  })
  if (role !== undefined) return { role }
  const request = { method: 'GET', path: `${repositoryPath(desired)}?includeTags=false` } as const
  const exists = await orAbsent(requestTrust(context, api, request, () => true))
  return exists === undefined ? 'absent' : { role }
}

const longestRole = 64

/** Pure. */
export function evaluatePermission(
  desired: DesiredPermission,
  found: FoundRole,
  { replace }: Accepted,
  context: Context,
): VendorFinding {
  const { repository, robot } = desired
  if (found === 'absent') {
    const fault = trustRefused(`${robot.server} has no repository ${repository}`, {
      expected: 'an existing repository: the first image that is pushed creates it',
      hint: 'push an image, or correct quay.trust.repositories',
    })
    return { presence: 'absent', verdict: 'refused', fault }
  }
  const { role } = found
  const description = `permit ${robotResource(robot)} to read ${repository}`
  if (role === undefined)
    return {
      presence: 'absent',
      verdict: 'grant',
      changes: [setChange(desired, { action: 'grant', description }, context)],
    }
  if (role === 'read') return { presence: 'present', verdict: 'ok' }
  if (!replace.includes('role')) {
    const note = `it has the role ${role} there, which permits more: --replace role changes it to read`
    return { presence: 'present', verdict: 'ok', notes: [note], kept: ['role'] }
  }
  const update = {
    action: 'update',
    fields: ['role'],
    description: `${description} only, instead of role ${role}`,
  } as const
  return { presence: 'present', verdict: 'update', changes: [setChange(desired, update, context)] }
}

const setChange = (
  desired: DesiredPermission,
  change: Pick<VendorChange, 'action' | 'fields' | 'description'>,
  context: Context,
): VendorChange =>
  changeByRequest(
    context,
    apiOf(desired.robot),
    { ...change, byTerraform: 'no resource' },
    { method: 'PUT', path: permissionPath(desired), json: { role: 'read' } },
  )

export const permissionRecord = ({ robot, repository }: DesiredPermission): RecordEntry => ({
  key: recordKey('grant', permissionResource(robot, repository)),
  text: JSON.stringify({ robot: robotResource(robot), read: repository }),
  namespaces: robot.repositories.find(({ name }) => name === repository)?.namespaces ?? [],
})

/** Removable if nothing else signs in as the robot; whether pullpass granted it is recorded. */
export function planPermissionRemoval(
  desired: DesiredPermission,
  found: FoundRole,
  entries: readonly FoundEntry[],
  context: Context,
): RemovalPlan {
  if (found === 'absent' || found.role === undefined) return { state: 'absent' }
  if (found.role !== 'read')
    return { state: 'kept', note: `it is the role ${found.role}, which pullpass did not grant` }
  const { robot } = desired
  const others = entries.filter((one) => !robot.entries.some((own) => isSame(own, one)))
  const [first] = others
  if (first !== undefined) {
    const more = others.length === 1 ? '' : ` and ${others.length - 1} more`
    return { state: 'kept', note: `${describeEntry(first)}${more} also signs in as the robot` }
  }
  return {
    state: 'removable',
    async remove() {
      const request = { method: 'DELETE', path: permissionPath(desired), statuses: [204] } as const
      await requestTrust(context, apiOf(robot), request, () => undefined)
      return undefined
    },
  }
}
