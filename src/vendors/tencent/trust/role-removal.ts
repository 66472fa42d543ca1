/** What destroy removes of a role. https://www.tencentcloud.com/document/product/598/32211 */

import type { RemovalPlan, RemovalScope } from '../../trust/contract.ts'
import { firstOf } from '../../trust/findings.ts'
import { describeOwner, hasMarkedName, isMarked, marksIn } from '../../trust/marks.ts'
import { incompletePolicies } from '../../trust/role-findings.ts'
import { parseRole } from '../names.ts'
import type { DesiredRole } from './desired.ts'
import { type FoundRole, policiesOf, readRole } from './found-role.ts'
import { isStatementOf, policyResourceName, renderPolicy } from './policies.ts'
import type { CamConnection } from './requests.ts'
import { descriptionRequest, trustRequest } from './role.ts'

/** Deletes a role that pullpass created and that has no other statements or policies; otherwise only the statements of these clusters. */
export async function planRoleRemoval(
  { arn, statements: desired }: DesiredRole,
  { marks, removed }: RemovalScope,
  cam: CamConnection,
): Promise<RemovalPlan> {
  const found = await readRole(cam, arn)
  if (found === undefined) return { state: 'absent' }
  const { statements } = found
  if (statements === undefined) return { state: 'kept', note: 'its trust policy cannot be read' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const listed = await policiesOf(arn, cam)
  if (listed === undefined) return { state: 'kept', note: incompletePolicies }
  const policies = listed.filter((name) => !removed.includes(policyResourceName(arn, name)))
  const needed = policies.filter((name) => hasMarkedName(name, marks))
  if (needed.length > 0) return { state: 'kept', note: `other documents need it: ${needed.join(', ')}` }
  const others = statements.filter((one) => !isStatementOf(one, desired))
  if (others.length === 0 && policies.length > 0)
    return { state: 'kept', note: `it has other policies: ${firstOf(policies).join(', ')}` }
  if (others.length === 0) {
    return {
      state: 'removable',
      async remove() {
        await cam.call({ action: 'DeleteRole', fields: { RoleName: parseRole(arn).name } })
        return undefined
      },
    }
  }
  if (others.length === statements.length)
    return {
      state: 'kept',
      note: 'its trust policy has only statements that pullpass did not write, or that were changed',
    }
  return {
    state: 'removable',
    async remove() {
      await cam.call(trustRequest(arn, renderPolicy(others)))
      const description = withoutMarks(found, marks)
      if (marksIn(description).length > 0) await cam.call(descriptionRequest(arn, description))
      return 'only its statements for these clusters were removed: others still use the role'
    },
  }
}

const withoutMarks = ({ description }: FoundRole, marks: readonly string[]): string =>
  description
    .split(' ')
    .filter((word) => !marks.includes(word))
    .join(' ')
