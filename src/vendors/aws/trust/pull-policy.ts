/** The inline policy of a role with which the images of one document are pulled. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
import { asText } from '../../../text/json-fields.ts'
import type { RemovalPlan } from '../../trust-contract.ts'
import { parseRole } from '../names.ts'
import type { DesiredPolicy } from './desired.ts'
import type { AwsChange, AwsFinding } from './finding.ts'
import { renderPullPolicy, samePolicy } from './policies.ts'
import { decodeDocument } from './provider.ts'
import { type IamConnection, readEntity } from './requests.ts'

const named = ({ role, name }: DesiredPolicy) => ({ RoleName: parseRole(role).name, PolicyName: name })

/** Its name contains the mark of the cluster, and a hash of the document: nothing else has it. */
export async function observePolicy(wanted: DesiredPolicy, iam: IamConnection): Promise<AwsFinding> {
  const found = await readEntity(iam, 'GetRolePolicy', named(wanted))
  const notes = otherAccounts(wanted)
  if (found === undefined)
    return { presence: 'absent', verdict: 'grant', changes: [grant(wanted, 'grant', iam)], notes }
  const text = decodeDocument(asText(found['PolicyDocument']) ?? '')
  const isEqual = samePolicy(text, renderPullPolicy(wanted))
  const changes = isEqual ? [] : [grant(wanted, 'update', iam)]
  return { presence: 'present', verdict: isEqual ? 'ok' : 'update', changes, notes }
}

function grant(wanted: DesiredPolicy, action: 'grant' | 'update', { call }: IamConnection): AwsChange {
  const { role, name, repositories } = wanted
  const policy = renderPullPolicy(wanted)
  const what = `pulling from ${repositories.join(' and ')}`
  return {
    action,
    fields: action === 'update' ? ['repositories'] : [],
    description: action === 'grant' ? `grant role ${role} ${what}` : `update policy ${name} of role ${role}: ${what}`,
    words: ['put-role-policy', '--role-name', parseRole(role).name, '--policy-name', name, '--policy-document', policy],
    apply: async () => await call('PutRolePolicy', { ...named(wanted), PolicyDocument: policy }),
  }
}

/** Their own policies must allow the role as well, which only their accounts can change. */
function otherAccounts({ role, repositories }: DesiredPolicy): string[] {
  const { account } = parseRole(role)
  const others = repositories.filter((arn) => arn.split(':')[4] !== account)
  return others.map((arn) => `the repository policy of ${arn} must allow ${role} as well, in that account`)
}

export async function planPolicyRemoval(wanted: DesiredPolicy, iam: IamConnection): Promise<RemovalPlan> {
  const found = await readEntity(iam, 'GetRolePolicy', named(wanted))
  if (found === undefined) return { state: 'absent' }
  return { state: 'removable', remove: async () => void (await iam.call('DeleteRolePolicy', named(wanted))) }
}
