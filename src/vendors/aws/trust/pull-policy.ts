/** The inline policy of a role that allows pulling the images of one document. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
import { asText } from '../../../text/json-fields.ts'
import type { RemovalPlan } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { samePolicy } from '../../trust/policy-document.ts'
import { parseRole, publicRegistry } from '../names.ts'
import { type DesiredPolicy, formerPolicyName } from './desired.ts'
import { renderPullPolicy } from './policies.ts'
import { decodeDocument } from './provider.ts'
import { type IamConnection, readEntity } from './requests.ts'

const named = ({ role, name }: Pick<DesiredPolicy, 'role' | 'name'>) => ({
  RoleName: parseRole(role).name,
  PolicyName: name,
})

/** The policy of an earlier version for the same document. */
const formerOf = ({ role, name }: DesiredPolicy) => ({ role, name: formerPolicyName(name) })

const readPolicy = async (policy: Pick<DesiredPolicy, 'role' | 'name'>, iam: IamConnection) =>
  await readEntity(iam, 'GetRolePolicy', named(policy))

/** Its name contains the mark of the cluster and a hash of the document, and is therefore unique. */
export async function observePolicy(desired: DesiredPolicy, iam: IamConnection): Promise<VendorFinding> {
  const found = await readPolicy(desired, iam)
  const former = await readPolicy(formerOf(desired), iam)
  const replaced = former === undefined ? [] : [formerRemoval(desired, iam)]
  const notes = otherAccounts(desired)
  if (found === undefined)
    return { presence: 'absent', verdict: 'grant', changes: [grant(desired, 'grant', iam), ...replaced], notes }
  const text = decodeDocument(asText(found['PolicyDocument']) ?? '')
  const isEqual = samePolicy(text, renderPullPolicy(desired))
  const changes = [...(isEqual ? [] : [grant(desired, 'update', iam)]), ...replaced]
  return { presence: 'present', verdict: changes.length === 0 ? 'ok' : 'update', changes, notes }
}

function formerRemoval(desired: DesiredPolicy, { call }: IamConnection): VendorChange {
  const { role, name } = formerOf(desired)
  return {
    action: 'delete',
    description: `delete policy ${name} of role ${role}, which ${desired.name} replaces`,
    words: ['iam', 'delete-role-policy', '--role-name', parseRole(role).name, '--policy-name', name],
    apply: async () => await call('DeleteRolePolicy', named({ role, name })),
  }
}

function grant(desired: DesiredPolicy, action: 'grant' | 'update', { call }: IamConnection): VendorChange {
  const { role, name, repositories, hasPublic } = desired
  const policy = renderPullPolicy(desired)
  const what = `pulling from ${[...repositories, ...(hasPublic ? [publicRegistry] : [])].join(' and ')}`
  return {
    action,
    fields: action === 'update' ? ['repositories'] : [],
    description: action === 'grant' ? `grant role ${role} ${what}` : `update policy ${name} of role ${role}: ${what}`,
    words: [
      'iam',
      'put-role-policy',
      '--role-name',
      parseRole(role).name,
      '--policy-name',
      name,
      '--policy-document',
      policy,
    ],
    apply: async () => await call('PutRolePolicy', { ...named(desired), PolicyDocument: policy }),
  }
}

/** Repository policies in other accounts must also allow the role; only those accounts can change them. */
function otherAccounts({ role, repositories }: DesiredPolicy): string[] {
  const { account } = parseRole(role)
  const others = repositories.filter((arn) => arn.split(':')[4] !== account)
  return others.map((arn) => `the repository policy of ${arn} must allow ${role} as well, in that account`)
}

export async function planPolicyRemoval(desired: DesiredPolicy, iam: IamConnection): Promise<RemovalPlan> {
  const found: Pick<DesiredPolicy, 'role' | 'name'>[] = []
  for (const one of [desired, formerOf(desired)]) if ((await readPolicy(one, iam)) !== undefined) found.push(one)
  if (found.length === 0) return { state: 'absent' }
  return {
    state: 'removable',
    async remove() {
      for (const one of found) await iam.call('DeleteRolePolicy', named(one))
      return undefined
    },
  }
}
