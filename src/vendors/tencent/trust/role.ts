/**
 * A role whose trust policy accepts exactly the subjects of documents. Statements of CAM have no ids: in a role that pullpass created,
 * those for the cluster's provider in the form of its own are its own; a role of another owner is not changed.
 * https://www.tencentcloud.com/document/product/598/47191
 */

import { type Accepted, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { isMarked, marksIn } from '../../trust/marks.ts'
import {
  describeSharing,
  describeSubjects,
  describeTokens,
  notesOnTrust,
  roleShared,
  whyFormerStay,
  withMarks,
} from '../../trust/role-findings.ts'
import { parseRole } from '../names.ts'
import type { DesiredRole, DesiredStatement } from './desired.ts'
import { type FoundRole, policiesOf, readRole } from './found-role.ts'
import {
  acceptance,
  denies,
  isStatementOf,
  otherPrincipalsIn,
  providersIn,
  renderPolicy,
  renderStatement,
  tokensIn,
} from './policies.ts'
import { type CamConnection, type CamRequest, commandOf, requestChange } from './requests.ts'
import { roleBlock } from './terraform.ts'

export async function observeRole(
  desired: DesiredRole,
  accepted: Accepted,
  cam: CamConnection,
): Promise<VendorFinding> {
  const { arn } = desired
  const found = await readRole(cam, arn)
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, cam)] }
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  const shared = sharedWith.length > 0 && { sharedWith }
  const refused = refusal(desired, found, accepted, cam)
  if (refused !== undefined) {
    return { presence: 'present', verdict: 'refused', ...existingBlock(desired, found), ...shared, ...refused }
  }
  const former = formerIn(desired, found)
  const whyKept =
    former.length === 0 || accepted.replace.includes('subjects')
      ? undefined
      : await whyFormerStay(desired, missingIn(desired, found), async () => await policiesOf(desired.arn, cam))
  const removed = whyKept === undefined ? former : []
  const changes = [
    ...(missingIn(desired, found).length === 0 ? [] : [trustUpdate(desired, found, accepted, cam)]),
    ...(removed.length === 0 ? [] : [formerRemoval(desired, found, removed, cam)]),
    ...(isIncompleteMark(desired, found) ? [descriptionUpdate(desired, found, cam)] : []),
  ]
  const policy = mergedPolicy(desired, found, removed)
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : 'update',
    hcl: roleBlock({ ...desired, description: markedDescription(desired, found), policy })('present'),
    changes,
    notes: [
      ...sharedWith,
      ...(whyKept === undefined
        ? []
        : former.map((one) => `it still trusts ${describeTokens(desired, one)}, ${whyKept}`)),
      ...notesOn(desired, found),
    ],
    ...(whyKept !== undefined && { kept: ['subjects'] }),
    ...shared,
  }
}

/** The role as it is, for Terraform: it is not changed. */
const existingBlock = (desired: DesiredRole, { description, statements }: FoundRole): Pick<VendorFinding, 'hcl'> =>
  statements === undefined
    ? {}
    : { hcl: roleBlock({ ...desired, description, policy: renderPolicy(statements) })('present') }

const missingIn = ({ statements: all }: DesiredRole, { statements = [] }: FoundRole): DesiredStatement[] =>
  all.filter((one) => acceptance(statements, one) === 'not')

const isSame = (one: DesiredStatement, other: DesiredStatement) => JSON.stringify(one) === JSON.stringify(other)

/** What pullpass accepted for one of these clusters, and no document uses. */
function formerIn(desired: DesiredRole, found: FoundRole): DesiredStatement[] {
  if (!isMarked(found.description, desired.marks)) return []
  return (found.statements ?? []).flatMap((statement) => {
    const tokens = tokensIn(statement)
    if (tokens === undefined || !isStatementOf(statement, desired.statements)) return []
    return desired.statements.some((one) => isSame(one, tokens)) ? [] : [tokens]
  })
}

/** A statement grants a service account all permissions of the role. */
function refusal(
  desired: DesiredRole,
  found: FoundRole,
  { sharing }: Accepted,
  cam: CamConnection,
): Pick<VendorFinding, 'fault' | 'override'> | undefined {
  const { arn, marks } = desired
  if (found.statements === undefined || denies(found.statements)) {
    const seen = found.statements === undefined ? 'cannot be read' : 'contains a deny'
    return {
      fault: trustRefused(`the trust policy of role ${arn} ${seen}`, {
        expected: 'a trust policy of allow statements, or another role',
        hint: 'show it',
        command: commandOf(cam, { action: 'GetRole', fields: { RoleName: parseRole(arn).name } }),
      }),
    }
  }
  if (missingIn(desired, found).length === 0) return undefined
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  if (sharedWith.length > 0 && sharing !== 'accepted') return { fault: roleShared(arn, 'tencent.roleArn', sharedWith) }
  if (isMarked(found.description, marks) || sharedWith.length > 0) return undefined
  const command = commandOf(cam, trustRequest(arn, mergedPolicy(desired, found)))
  return {
    fault: trustRefused(`role ${arn} exists, and pullpass did not create it`, {
      expected: 'a role that already trusts the subjects of the documents, or an unused name',
      hint: 'it was not changed: the service account would get all permissions of the role, and trust destroy would leave its statement; if that is intended',
      command,
    }),
    override: { command },
  }
}

function notesOn(desired: DesiredRole, found: FoundRole): string[] {
  const { statements: all } = desired
  const { statements = [] } = found
  const own = new Set(all.map(({ provider }) => provider))
  const broad = all.filter((one) => acceptance(statements, one) === 'broadly').map(({ provider }) => provider)
  const further = isMarked(found.description, desired.marks)
    ? []
    : statements.flatMap((one) => {
        const tokens = tokensIn(one)
        return tokens === undefined || !own.has(tokens.provider) || all.some((known) => isSame(known, tokens))
          ? []
          : [tokens]
      })
  const others = providersIn(statements).filter((arn) => !own.has(arn))
  return notesOnTrust(desired, { broad, further, others, principals: otherPrincipalsIn(statements) })
}

function creation({ arn, description, statements }: DesiredRole, cam: CamConnection): VendorChange {
  const fields = {
    RoleName: parseRole(arn).name,
    Description: description,
    PolicyDocument: renderPolicy(statements.map(renderStatement)),
  }
  return requestChange(
    { action: 'create', description: `create role ${arn}, which trusts ${describeSubjects(statements)}` },
    { action: 'CreateRole', fields },
    cam,
  )
}

/** The existing statements without those that are removed, and those that are missing. */
function mergedPolicy(desired: DesiredRole, found: FoundRole, removed: readonly DesiredStatement[] = []): string {
  const kept = (found.statements ?? []).filter((one) => {
    const tokens = tokensIn(one)
    return tokens === undefined || !removed.some((former) => isSame(former, tokens))
  })
  return renderPolicy([...kept, ...missingIn(desired, found).map(renderStatement)])
}

export const trustRequest = (arn: string, policy: string): CamRequest => ({
  action: 'UpdateAssumeRolePolicy',
  fields: { RoleName: parseRole(arn).name, PolicyDocument: policy },
})

/** CAM has no precondition: the policy is read again immediately before it is written. */
function trustUpdate(desired: DesiredRole, found: FoundRole, accepted: Accepted, cam: CamConnection): VendorChange {
  const { arn } = desired
  const description = `update role ${arn}: its trust policy also accepts ${describeSubjects(missingIn(desired, found))}`
  const change = { action: 'update', fields: ['trustPolicy'], description } as const
  return {
    ...requestChange(change, trustRequest(arn, mergedPolicy(desired, found)), cam),
    apply: async () => {
      const current = (await readRole(cam, arn)) ?? found
      const refused = refusal(desired, current, accepted, cam)?.fault
      if (refused !== undefined) throw refused
      if (missingIn(desired, current).length > 0) await cam.call(trustRequest(arn, mergedPolicy(desired, current)))
    },
  }
}

function formerRemoval(
  desired: DesiredRole,
  found: FoundRole,
  former: readonly DesiredStatement[],
  cam: CamConnection,
): VendorChange {
  const { arn } = desired
  const names = [...new Set(former.map((one) => describeTokens(desired, one)))].join(' and ')
  const description = `update role ${arn}: its trust policy no longer accepts ${names}, which no document uses`
  return {
    ...requestChange(
      { action: 'update', fields: ['trustPolicy'], description },
      trustRequest(arn, mergedPolicy(desired, found, former)),
      cam,
    ),
    apply: async () => {
      const current = (await readRole(cam, arn)) ?? found
      const obsolete = formerIn(desired, current).filter((one) => former.some((known) => isSame(known, one)))
      if (obsolete.length > 0) await cam.call(trustRequest(arn, mergedPolicy(desired, current, obsolete)))
    },
  }
}

// A role that clusters share carries the mark of each, by which its statements are those of pullpass.

const isIncompleteMark = (desired: DesiredRole, found: FoundRole) =>
  marksIn(found.description).length > 0 && markedDescription(desired, found) !== found.description

const markedDescription = ({ marks }: DesiredRole, { description }: FoundRole) => withMarks(description, marks)

export const descriptionRequest = (arn: string, description: string): CamRequest => ({
  action: 'UpdateRoleDescription',
  fields: { RoleName: parseRole(arn).name, Description: description },
})

function descriptionUpdate(desired: DesiredRole, found: FoundRole, cam: CamConnection): VendorChange {
  const { arn } = desired
  return requestChange(
    {
      action: 'update',
      fields: ['description'],
      description: `update role ${arn}: its description also has the mark of this cluster`,
    },
    descriptionRequest(arn, markedDescription(desired, found)),
    cam,
  )
}
