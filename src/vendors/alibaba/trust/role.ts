/** A role whose trust policy allows exactly the subjects of documents. https://www.alibabacloud.com/help/en/ram/user-guide/create-a-ram-role-for-a-trusted-idp */
import { shellQuote } from '../../../text/shell.ts'
import { type Accepted, type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { firstOf, notInFlag } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, hasMarkedName, isMarked, marksIn } from '../../trust/marks.ts'
import {
  describeFormer,
  describeSharing,
  describeSubjects,
  notesOnTrust,
  roleShared,
  withMarks,
} from '../../trust/role-findings.ts'
import type { DesiredRole, DesiredStatement } from './desired.ts'
import { attachedPolicies, type FoundRole, onRole, readRole } from './found-role.ts'
import {
  acceptance,
  denies,
  isStatementOf,
  otherPrincipalsIn,
  providersIn,
  renderPolicy,
  renderStatement,
  restricted,
  restrictions,
  tokensIn,
} from './policies.ts'
import { changeByCall, type RamConnection, wordsOf } from './requests.ts'
import { policyResourceName, roleBlock } from './terraform.ts'

export async function observeRole(
  desired: DesiredRole,
  accepted: Accepted,
  ram: RamConnection,
): Promise<VendorFinding> {
  const { arn } = desired
  const found = await readRole(ram, arn)
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, ram)] }
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  const shared = sharedWith.length > 0 && { sharedWith }
  const refused = refusal(desired, found, accepted)
  if (refused !== undefined)
    return { presence: 'present', verdict: 'refused', ...existingBlock(desired, found), ...shared, ...refused }
  const former = formerIn(desired, found)
  const removed = accepted.replace.includes('subjects') ? former : []
  const changes = [
    ...(missingIn(desired, found).length === 0 ? [] : [trustUpdate(desired, found, accepted, ram)]),
    ...removed.map((_, index) => formerRemoval(desired, found, removed.slice(0, index + 1), ram)),
  ]
  const after = {
    ...desired,
    description: mergedDescription(desired, found),
    maxSessionSeconds: found.maxSessionSeconds,
  }
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : 'update',
    hcl: roleBlock({ ...after, policy: mergedPolicy(desired, found, removed) })('present'),
    changes,
    notes: [
      ...sharedWith,
      ...(removed.length > 0
        ? []
        : former.map((one) => `it still trusts ${describeFormer(desired, one)}, ${whyKept(desired)}`)),
      ...notesOn(desired, found),
    ],
    ...(former.length > 0 && removed.length === 0 && { kept: ['subjects'] }),
    ...shared,
  }
}

/** The role as it is, for Terraform: it is not changed. */
function existingBlock(desired: DesiredRole, found: FoundRole): Pick<VendorFinding, 'hcl'> {
  const { statements, ...fields } = found
  return statements === undefined
    ? {}
    : { hcl: roleBlock({ ...desired, ...fields, policy: renderPolicy(statements) })('present') }
}

const missingIn = ({ statements: all }: DesiredRole, { statements = [] }: FoundRole): DesiredStatement[] =>
  all.filter((one) => acceptance(statements, one) === 'not')

/** Existing statements for the subject and audience of a missing one: further conditions restrict them. */
const restrictedIn = (desired: DesiredRole, found: FoundRole) =>
  missingIn(desired, found).flatMap((one) => restricted(found.statements ?? [], one))

/** What pullpass accepted for one of these clusters, and no document uses. Statements of a role of another owner are theirs. */
function formerIn(
  { marks, statements: all }: DesiredRole,
  { description, statements = [] }: FoundRole,
): DesiredStatement[] {
  if (!isMarked(description, marks)) return []
  const providers = all.map(({ provider }) => provider)
  return statements.flatMap((statement) => {
    const tokens = tokensIn(statement)
    return tokens === undefined || !providers.includes(tokens.provider) || isStatementOf(statement, all) ? [] : [tokens]
  })
}

/** RAM's statements have no ids: those of other documents of the cluster look the same. */
const whyKept = ({ subjectsFrom }: DesiredRole) =>
  subjectsFrom === 'flag'
    ? notInFlag
    : 'which these documents do not use: if no other document uses it, remove it: --replace subjects'

/** A statement grants a service account all permissions of the role: none is added to a role of another owner. */
function refusal(
  desired: DesiredRole,
  found: FoundRole,
  { replace, sharing }: Accepted,
): Pick<VendorFinding, 'fault' | 'override'> | undefined {
  const { arn, marks } = desired
  if (found.statements === undefined || denies(found.statements)) {
    const seen = found.statements === undefined ? 'cannot be read' : 'contains a Deny'
    return {
      fault: trustRefused(`the trust policy of role ${arn} ${seen}`, {
        expected: 'a trust policy of statements with Effect Allow: pullpass does not evaluate others',
        hint: 'set another role in alibaba.roleArn, or correct this one; show it',
        command: showRole(arn),
      }),
    }
  }
  if (missingIn(desired, found).length === 0) return undefined
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  if (sharedWith.length > 0 && sharing !== 'accepted') return { fault: roleShared(arn, 'alibaba.roleArn', sharedWith) }
  if (!isMarked(found.description, marks) && sharedWith.length === 0) return otherOwner(desired, found)
  const restricting = restrictedIn(desired, found)
  if (restricting.length === 0 || replace.includes('trustPolicy')) return undefined
  return {
    fault: trustRefused(
      `role ${arn} accepts ${describeSubjects(missingIn(desired, found))} only with further conditions: ${restricting.map(restrictions).join('; ')}`,
      {
        expected:
          'a statement with conditions on the issuer, the subject and the audience only: pullpass does not evaluate others',
        hint: 'it was not changed: pullpass would remove these conditions; if that is intended: --replace trustPolicy',
      },
    ),
    override: { replace: ['trustPolicy'] },
  }
}

const showRole = (arn: string) => ['aliyun', ...wordsOf(onRole('GetRole', arn))].map(shellQuote).join(' ')

/** Nothing states which statements of another owner's role are pullpass's, and destroy would not find them: an operator adds them. */
function otherOwner(desired: DesiredRole, found: FoundRole): Pick<VendorFinding, 'fault' | 'override'> {
  const { arn } = desired
  const command = ['aliyun', ...wordsOf(updateCall(arn, mergedPolicy(desired, found)))].map(shellQuote).join(' ')
  return {
    fault: trustRefused(`role ${arn} exists, and pullpass did not create it`, {
      expected: 'a role that already trusts the subjects of the documents, or an unused name',
      hint: 'it was not changed: the service account would get all permissions of the role; set another role in alibaba.roleArn, or, if that is intended, add the statement',
      command,
    }),
    override: { command },
  }
}

const updateCall = (arn: string, policy: string, fields: Readonly<Record<string, string>> = {}) =>
  onRole('UpdateRole', arn, { NewAssumeRolePolicyDocument: policy, ...fields })

function notesOn(desired: DesiredRole, { statements = [] }: FoundRole): string[] {
  const { statements: all } = desired
  const broad = all.filter((one) => acceptance(statements, one) === 'broadly').map(({ provider }) => provider)
  const own = new Set(all.map(({ provider }) => provider))
  const others = providersIn(statements).filter((arn) => !own.has(arn))
  return notesOnTrust(desired, { broad, others, principals: otherPrincipalsIn(statements) })
}

function creation(desired: DesiredRole, ram: RamConnection): VendorChange {
  const { arn, description, statements } = desired
  const call = onRole('CreateRole', arn, {
    Description: description,
    AssumeRolePolicyDocument: renderPolicy(statements.map(renderStatement)),
  })
  return changeByCall(
    { action: 'create', description: `create role ${arn}, which trusts ${describeSubjects(statements)}` },
    call,
    ram,
  )
}

/** The existing statements without those that are removed or replaced, and those that are missing. */
function mergedPolicy(desired: DesiredRole, found: FoundRole, removed: readonly DesiredStatement[] = []): string {
  const obsolete = restrictedIn(desired, found)
  const kept = (found.statements ?? []).filter((one) => !obsolete.includes(one) && !isStatementOf(one, removed))
  return renderPolicy([...kept, ...missingIn(desired, found).map(renderStatement)])
}

/** With the marks of all clusters that share the role; a role of another owner gets none. */
const mergedDescription = ({ marks }: DesiredRole, { description }: FoundRole): string =>
  marksIn(description).length === 0 ? description : withMarks(description, marks)

/** RAM has no precondition: the policy is read again immediately before it is written. */
function trustUpdate(desired: DesiredRole, found: FoundRole, accepted: Accepted, ram: RamConnection): VendorChange {
  const { arn } = desired
  const restricting = restrictedIn(desired, found)
  const without = restricting.length === 0 ? '' : `, without ${restricting.map(restrictions).join('; ')}`
  const callFor = (current: FoundRole) => {
    const description = mergedDescription(desired, current)
    return updateCall(arn, mergedPolicy(desired, current), {
      ...(description !== current.description && { NewDescription: description }),
    })
  }
  return {
    action: 'update',
    fields: ['trustPolicy'],
    description: `update role ${arn}: its trust policy also accepts ${describeSubjects(missingIn(desired, found))}${without}`,
    words: wordsOf(callFor(found)),
    async apply() {
      const current = (await readRole(ram, arn)) ?? found
      const refused = refusal(desired, current, accepted)?.fault
      if (refused !== undefined) throw refused
      if (missingIn(desired, current).length > 0) await ram.call(callFor(current))
    },
  }
}

/** Of the last of `removed`; the printed policy is also without those before it. */
function formerRemoval(
  desired: DesiredRole,
  found: FoundRole,
  removed: readonly DesiredStatement[],
  ram: RamConnection,
): VendorChange {
  const { arn } = desired
  const last = removed.slice(-1)
  return {
    action: 'update',
    fields: ['trustPolicy'],
    description: `update role ${arn}: its trust policy no longer accepts ${last.map((one) => describeFormer(desired, one)).join('')}, which no document uses`,
    words: wordsOf(updateCall(arn, mergedPolicy(desired, found, removed))),
    async apply() {
      const current = (await readRole(ram, arn)) ?? found
      if (current.statements?.some((one) => isStatementOf(one, last)) === true)
        await ram.call(updateCall(arn, mergedPolicy(desired, current, last)))
    },
  }
}

/** Deletes a role that pullpass created and that has no other statements or policies; otherwise only the statements of these documents. */
export async function planRoleRemoval(
  desired: DesiredRole,
  { marks, removed }: RemovalScope,
  ram: RamConnection,
): Promise<RemovalPlan> {
  const { arn, statements: all } = desired
  const found = await readRole(ram, arn)
  if (found === undefined) return { state: 'absent' }
  const { statements, description } = found
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  if (statements === undefined) return { state: 'kept', note: 'its trust policy cannot be read' }
  const others = statements.filter((one) => !isStatementOf(one, all))
  const policies = (await attachedPolicies(ram, arn)).filter((name) => !removed.includes(policyResourceName(arn, name)))
  const needed = policies.filter((name) => hasMarkedName(name, marks))
  if (needed.length > 0) return { state: 'kept', note: `other documents need it: ${needed.join(', ')}` }
  if (others.length === 0) {
    if (policies.length > 0) return { state: 'kept', note: `it has other policies: ${firstOf(policies).join(', ')}` }
    return { state: 'removable', remove: async () => void (await ram.call(onRole('DeleteRole', arn))) }
  }
  if (others.length === statements.length) return { state: 'kept', note: describeOthers(others) }
  const isLast = !providersIn(others).some((provider) => all.some((one) => one.provider === provider))
  const left = isLast ? withoutMarks(description, marks) : description
  return {
    state: 'removable',
    async remove() {
      const renamed = left === description ? {} : { NewDescription: left }
      await ram.call(updateCall(arn, renderPolicy(others), renamed))
      return 'only its statements for these documents were removed: others still use the role'
    },
  }
}

/** RAM requires a description of at least one character. */
const withoutMarks = (description: string, marks: readonly string[]) =>
  description
    .split(' ')
    .filter((word) => !marks.includes(word))
    .join(' ') || '-'

const describeOthers = (statements: readonly Parameters<typeof tokensIn>[0][]) =>
  `its trust policy has statements for others: ${statements.map((one) => tokensIn(one)?.subject ?? JSON.stringify(one).slice(0, 200)).join(', ')}`
