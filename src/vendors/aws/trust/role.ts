/** A role whose trust policy allows exactly the subjects of documents. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { JsonObject } from '../../../text/json-fields.ts'
import { type Accepted, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { isMarked } from '../../trust/marks.ts'
import {
  describeFormer,
  describeSharing,
  describeSubjects,
  notesOnTrust,
  roleShared,
  whyFormerStay,
} from '../../trust/role-findings.ts'
import { parseRole } from '../names.ts'
import type { DesiredRole, DesiredStatement, Tokens } from './desired.ts'
import { type FoundRole, named, policiesOf, readRole } from './found-role.ts'
import {
  acceptance,
  denies,
  isStatementOf,
  otherPrincipalsIn,
  permitsWebIdentity,
  providersIn,
  renderPolicy,
  renderStatement,
  restrictions,
  sidIn,
  tokensIn,
} from './policies.ts'
import type { IamConnection } from './requests.ts'
import { roleBlock } from './terraform.ts'

export async function observeRole(
  desired: DesiredRole,
  accepted: Accepted,
  iam: IamConnection,
): Promise<VendorFinding> {
  const { arn } = desired
  const found = await readRole(iam, arn)
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, iam)] }
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  const shared = sharedWith.length > 0 && { sharedWith }
  const refused = refusal(desired, found, accepted)
  if (refused !== undefined) {
    return { presence: 'present', verdict: 'refused', ...existingBlock(desired, found), ...shared, ...refused }
  }
  const missing = missingIn(desired, found)
  const former = formerIn(desired, found)
  const whyKept =
    former.length === 0 || accepted.replace.includes('subjects')
      ? undefined
      : await whyFormerStay(desired, missing, async () => await policiesOf(desired.arn, iam))
  const removed = whyKept === undefined ? former : []
  const changes = [
    ...(missing.length === 0 ? [] : [trustUpdate(desired, found, accepted, iam)]),
    ...formerRemovals(desired, found, removed, iam),
    ...(found.maxSessionSeconds >= desired.maxSessionSeconds ? [] : [durationUpdate(desired, iam)]),
  ]
  const after = {
    ...desired,
    description: found.description,
    maxSessionSeconds: Math.max(found.maxSessionSeconds, desired.maxSessionSeconds),
    policy: mergedPolicy(desired, found, removed),
    tags: found.tags,
  }
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : 'update',
    hcl: roleBlock(after)('present'),
    changes,
    notes: [
      ...sharedWith,
      ...(whyKept === undefined ? [] : namesOf(desired, former).map((one) => `it still trusts ${one}, ${whyKept}`)),
      ...notesOn(desired, found, former),
    ],
    ...(whyKept !== undefined && { kept: ['subjects'] }),
    ...shared,
  }
}

/** The role as it is, for Terraform: it is not changed. */
function existingBlock(desired: DesiredRole, { arn, statements, ...fields }: FoundRole): Pick<VendorFinding, 'hcl'> {
  if (arn !== desired.arn || statements === undefined) return {}
  return { hcl: roleBlock({ ...desired, ...fields, policy: renderPolicy(statements) })('present') }
}

const missingIn = ({ statements: all }: DesiredRole, { statements = [] }: FoundRole): DesiredStatement[] =>
  all.filter((one) => acceptance(statements, one) === 'not')

/** Existing statements for the subject and audience of a missing one: further conditions restrict them. */
function restrictedIn(desired: DesiredRole, found: FoundRole): JsonObject[] {
  const missing = missingIn(desired, found)
  return (found.statements ?? []).filter(
    (one) => permitsWebIdentity(one) && missing.some((statement) => hasTokens(one, statement)),
  )
}

function hasTokens(statement: JsonObject, { provider, subject, audience }: DesiredStatement): boolean {
  const tokens = tokensIn(statement)
  return tokens?.provider === provider && tokens.subject === subject && tokens.audience === audience
}

interface ProviderTokens extends Tokens {
  /** ARN. */
  readonly provider: string
}

/** A statement that pullpass added for one of these clusters, unchanged since, for a subject and audience that no document uses. */
interface FormerStatement extends ProviderTokens {
  readonly statement: JsonObject
}

function formerIn({ marks, statements: all }: DesiredRole, { statements = [] }: FoundRole): FormerStatement[] {
  return statements.flatMap((statement) => {
    const tokens = tokensIn(statement)
    if (tokens === undefined || all.some((one) => hasTokens(statement, one)) || !isStatementOf(statement, marks))
      return []
    return [{ ...tokens, statement }]
  })
}

/** A statement grants a service account all permissions of the role: it is added to a role of another owner only if that is requested. */
function refusal(
  desired: DesiredRole,
  found: FoundRole,
  { replace, sharing }: Accepted,
): Pick<VendorFinding, 'fault' | 'override'> | undefined {
  const { arn } = desired
  if (found.arn !== arn) {
    return {
      fault: trustRefused(`role ${found.arn} exists, with another path than ${arn}`, {
        expected: `the path of the role in its ARN: ${found.arn}`,
        hint: 'correct aws.roleArn, or choose a name that no role of the account has',
      }),
    }
  }
  if (found.statements === undefined || denies(found.statements)) {
    const seen = found.statements === undefined ? 'cannot be read' : 'contains a Deny'
    return {
      fault: trustRefused(`the trust policy of role ${arn} ${seen}`, {
        expected: 'a trust policy of Allow statements, or another role',
        hint: 'show it',
        command: `aws iam get-role --role-name ${parseRole(arn).name}`,
      }),
    }
  }
  const isIncomplete = missingIn(desired, found).length > 0 || found.maxSessionSeconds < desired.maxSessionSeconds
  if (!isIncomplete) return undefined
  const sharedWith = describeSharing(desired.arn, desired.marks, found.description)
  if (sharedWith.length > 0 && sharing !== 'accepted') return { fault: roleShared(arn, 'aws.roleArn', sharedWith) }
  const occupied = occupiedSid(desired, found)
  if (occupied !== undefined) return { fault: occupied }
  if (replace.includes('trustPolicy')) return undefined
  const restricted = restriction(desired, found)
  if (restricted !== undefined || isMarked(found.description, desired.marks) || sharedWith.length > 0) return restricted
  return {
    fault: trustRefused(`role ${arn} exists, and pullpass did not create it`, {
      expected: 'a role that already trusts the subjects of the documents, or an unused name',
      hint: 'it was not changed: the service account would get all permissions of the role; if that is intended: --replace trustPolicy',
    }),
    override: { replace: ['trustPolicy'] },
  }
}

/** The ids of the statements of a policy are unique. */
function occupiedSid(desired: DesiredRole, found: FoundRole): PullpassError | undefined {
  const replaced = restrictedIn(desired, found)
  const sids = missingIn(desired, found).map(({ sid }) => sid)
  const other = found.statements?.find((one) => sids.includes(sidIn(one)) && !replaced.includes(one))
  if (other === undefined) return undefined
  const sid = sidIn(other)
  return trustRefused(`the statement ${sid} of role ${desired.arn} was changed, and is for other tokens or actions`, {
    expected: 'no other statement with this id, which pullpass derives from the cluster, subject and audience',
    hint: 'remove the statement, or change its Sid',
    command: `aws iam get-role --role-name ${parseRole(desired.arn).name}`,
  })
}

/** Another owner restricted a statement: it is replaced only if that is requested. */
function restriction(desired: DesiredRole, found: FoundRole): Pick<VendorFinding, 'fault' | 'override'> | undefined {
  const restricted = restrictedIn(desired, found)
  if (restricted.length === 0) return undefined
  return {
    fault: trustRefused(
      `role ${desired.arn} accepts ${describeStatements(missingIn(desired, found))} only with further conditions: ${describeRestricted(restricted)}`,
      {
        expected: 'a statement with conditions on the subject and the audience only: pullpass does not evaluate others',
        hint: 'it was not changed: pullpass would remove these conditions; if that is intended: --replace trustPolicy',
      },
    ),
    override: { replace: ['trustPolicy'] },
  }
}

const describeRestricted = (statements: readonly JsonObject[]) =>
  statements.map((one) => `${restrictions(one)} (statement ${sidIn(one) || 'without an id'})`).join('; ')

function notesOn(desired: DesiredRole, { statements = [] }: FoundRole, former: readonly FormerStatement[]): string[] {
  const { statements: all } = desired
  const broad = all.filter((one) => acceptance(statements, one) === 'broadly').map(({ provider }) => provider)
  const own = new Set(all.map(({ provider }) => provider))
  const others = providersIn(statements).filter((arn) => !own.has(arn))
  const furtherOf = (one: JsonObject) => {
    const tokens = tokensIn(one)
    if (tokens === undefined || !own.has(tokens.provider)) return []
    const isKnown = all.some((known) => hasTokens(one, known)) || former.some(({ statement }) => statement === one)
    return isKnown ? [] : [tokens]
  }
  const further = statements.flatMap(furtherOf)
  return notesOnTrust(desired, { broad, further, others, principals: otherPrincipalsIn(statements) })
}

function creation(desired: DesiredRole, { call }: IamConnection): VendorChange {
  const { arn, description, statements, maxSessionSeconds } = desired
  const { name, path } = parseRole(arn)
  const policy = renderPolicy(statements.map(renderStatement))
  const duration = maxSessionSeconds === 3600 ? [] : ['--max-session-duration', String(maxSessionSeconds)]
  return {
    action: 'create',
    description: `create role ${arn}, which trusts ${describeStatements(statements)}`,
    words: [
      'iam',
      'create-role',
      '--role-name',
      name,
      ...(path === '/' ? [] : ['--path', path]),
      '--description',
      description,
      ...duration,
      '--assume-role-policy-document',
      policy,
    ],
    apply: async () =>
      await call('CreateRole', {
        RoleName: name,
        Path: path,
        Description: description,
        MaxSessionDuration: String(maxSessionSeconds),
        AssumeRolePolicyDocument: policy,
      }),
  }
}

const describeStatements = (statements: readonly DesiredStatement[]) =>
  describeSubjects(statements.map((one) => ({ ...one, issuer: `https://${one.key}` })))

/** The existing statements without those that are removed or replaced, and those that are missing. */
function mergedPolicy(desired: DesiredRole, found: FoundRole, removed: readonly FormerStatement[] = []): string {
  const added = missingIn(desired, found)
  const obsolete = [...restrictedIn(desired, found), ...removed.map(({ statement }) => statement)]
  const kept = (found.statements ?? []).filter((one) => !obsolete.includes(one))
  return renderPolicy([...kept, ...added.map(renderStatement)])
}

/** IAM has no precondition: the policy is read again immediately before it is written. */
function trustUpdate(desired: DesiredRole, found: FoundRole, accepted: Accepted, iam: IamConnection): VendorChange {
  const { arn } = desired
  const restricted = restrictedIn(desired, found)
  const without = restricted.length === 0 ? '' : `, without ${describeRestricted(restricted)}`
  return {
    action: 'update',
    fields: ['trustPolicy'],
    description: `update role ${arn}: its trust policy also accepts ${describeStatements(missingIn(desired, found))}${without}`,
    words: [
      'iam',
      'update-assume-role-policy',
      '--role-name',
      parseRole(arn).name,
      '--policy-document',
      mergedPolicy(desired, found),
    ],
    apply: async () => {
      const current = (await readRole(iam, arn)) ?? found
      const refused = refusal(desired, current, accepted)?.fault
      if (refused !== undefined) throw refused
      if (missingIn(desired, current).length > 0)
        await iam.call('UpdateAssumeRolePolicy', { ...named(arn), PolicyDocument: mergedPolicy(desired, current) })
    },
  }
}

const namesOf = (desired: DesiredRole, former: readonly FormerStatement[]) => [
  ...new Set(former.map((one) => describeFormer(desired, one))),
]

/** One for each name; each printed policy is also without those before it. */
function formerRemovals(
  desired: DesiredRole,
  found: FoundRole,
  former: readonly FormerStatement[],
  iam: IamConnection,
): VendorChange[] {
  const { arn } = desired
  const names = namesOf(desired, former)
  return names.map((name, index) => ({
    action: 'update',
    fields: ['trustPolicy'],
    description: `update role ${arn}: its trust policy no longer accepts ${name}, which no document uses`,
    words: [
      'iam',
      'update-assume-role-policy',
      '--role-name',
      parseRole(arn).name,
      '--policy-document',
      mergedPolicy(
        desired,
        found,
        former.filter((one) => names.slice(0, index + 1).includes(describeFormer(desired, one))),
      ),
    ],
    apply: async () => {
      const current = (await readRole(iam, arn)) ?? found
      const obsolete = formerIn(desired, current).filter((one) => describeFormer(desired, one) === name)
      if (obsolete.length > 0)
        await iam.call('UpdateAssumeRolePolicy', {
          ...named(arn),
          PolicyDocument: mergedPolicy(desired, current, obsolete),
        })
    },
  }))
}

function durationUpdate({ arn, maxSessionSeconds }: DesiredRole, { call }: IamConnection): VendorChange {
  const seconds = String(maxSessionSeconds)
  return {
    action: 'update',
    fields: ['maxSessionDuration'],
    description: `update role ${arn}: allow sessions of up to ${seconds} s`,
    words: ['iam', 'update-role', '--role-name', parseRole(arn).name, '--max-session-duration', seconds],
    apply: async () => await call('UpdateRole', { ...named(arn), MaxSessionDuration: seconds }),
  }
}
