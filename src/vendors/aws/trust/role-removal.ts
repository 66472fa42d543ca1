/** What destroy removes of a role. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html */
import type { JsonObject } from '../../../text/json-fields.ts'
import type { RemovalPlan, RemovalScope } from '../../trust/contract.ts'
import { firstOf } from '../../trust/findings.ts'
import { describeOwner, hasMarkedName, isMarked } from '../../trust/marks.ts'
import { incompletePolicies } from '../../trust/role-findings.ts'
import { type DesiredRole, formerPolicyName } from './desired.ts'
import { named, policiesOf, readRole } from './found-role.ts'
import { isStatementOf, policyResourceName, renderPolicy, sidIn } from './policies.ts'
import type { IamConnection } from './requests.ts'

/** Deletes a role that pullpass created and that has no other statements or policies; otherwise only the statements of these clusters. */
export async function planRoleRemoval(
  { arn }: DesiredRole,
  { marks, removed }: RemovalScope,
  iam: IamConnection,
): Promise<RemovalPlan> {
  const found = await readRole(iam, arn)
  if (found === undefined) return { state: 'absent' }
  const { statements } = found
  if (statements === undefined) return { state: 'kept', note: 'its trust policy cannot be read' }
  const obsolete = statements.filter((one) => isStatementOf(one, marks))
  const others = statements.filter((one) => !obsolete.includes(one))
  const listed = await policiesOf(arn, iam)
  if (listed === undefined) return { state: 'kept', note: incompletePolicies }
  const isRemoved = (name: string) =>
    removed.some((one) => [one, formerPolicyName(one)].includes(policyResourceName(arn, name)))
  const policies = listed.filter((name) => !isRemoved(name))
  const isOwn = isMarked(found.description, marks)
  if (isOwn && others.length === 0 && policies.length === 0) {
    return { state: 'removable', remove: async () => void (await iam.call('DeleteRole', named(arn))) }
  }
  const needed = policies.filter((name) => hasMarkedName(name, marks))
  if (needed.length > 0) return { state: 'kept', note: `other documents need it: ${needed.join(', ')}` }
  if (obsolete.length === 0)
    return { state: 'kept', note: isOwn ? describeOthers(others) : describeOwner(found.description) }
  if (others.length === 0) {
    const note =
      policies.length > 0 ? `it has other policies: ${firstOf(policies).join(', ')}` : describeOwner(found.description)
    return { state: 'kept', note }
  }
  return {
    state: 'removable',
    async remove() {
      await iam.call('UpdateAssumeRolePolicy', { ...named(arn), PolicyDocument: renderPolicy(others) })
      return 'only its statements for these clusters were removed: others still use the role'
    },
  }
}

const describeOthers = (statements: readonly JsonObject[]) =>
  `its trust policy has statements that pullpass did not write, or that were changed: ${statements.map((one) => sidIn(one) || 'one without an id').join(', ')}`
