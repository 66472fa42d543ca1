/** Actions on custom policies. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createpolicy */
import { type Account, currentText, type RamPolicy } from '../account.ts'
import { parsePolicy } from '../policy.ts'
import { type RpcAction, type RpcCall, RpcRefusal } from '../rpc-api.ts'
import { alreadyExists, guarded, notExist, type RamNeeds } from './guard.ts'

const mostVersions = 5
/** Characters. */
const longestPolicy = 6144

export function policyActions(needs: RamNeeds): Readonly<Record<string, RpcAction>> {
  const { account } = needs
  const { policies, roles } = account
  const resource = ({ field }: RpcCall) => `policy/${field('PolicyName')}`
  return guarded(
    {
      CreatePolicy: {
        resource,
        run: (call) => ({ Policy: describe(create(call, account)) }),
      },
      GetPolicy: {
        resource,
        run(call) {
          const found = find(call, account)
          return {
            Policy: describe(found),
            DefaultPolicyVersion: {
              VersionId: found.current,
              IsDefaultVersion: true,
              PolicyDocument: currentText(found),
            },
          }
        },
      },
      CreatePolicyVersion: { resource, run: (call) => createVersion(call, account) },
      ListEntitiesForPolicy: {
        resource,
        run(call) {
          const { name, users } = find(call, account)
          const holders = [...roles.values()].filter(({ attached }) => attached.includes(name))
          return {
            Users: { User: users.map((UserName) => ({ UserName })) },
            Groups: { Group: [] },
            Roles: { Role: holders.map(({ name: RoleName }) => ({ RoleName })) },
          }
        },
      },
      DeletePolicy: {
        resource,
        run(call) {
          const { name, versions, users } = find(call, account)
          if (users.length > 0 || [...roles.values()].some(({ attached }) => attached.includes(name)))
            throw new RpcRefusal(409, 'DeleteConflict.Policy.Role', 'The policy is attached.')
          if (versions.length > 1 && call.fields.get('CascadingDelete') !== 'true')
            throw new RpcRefusal(409, 'DeleteConflict.Policy.Version', 'The policy has versions.')
          policies.delete(name)
          return {}
        },
      },
    },
    needs,
  )
}

function create({ field, fields }: RpcCall, { policies }: Account): RamPolicy {
  const name = field('PolicyName')
  if (!/^[A-Za-z0-9-]{1,128}$/.test(name))
    throw new RpcRefusal(400, 'InvalidParameter.PolicyName.InvalidChars', 'The policy name is invalid.')
  if (policies.has(name)) throw alreadyExists('Policy', 'The policy already exists.')
  const versions = [{ id: 'v1', text: documentIn(field('PolicyDocument')) }]
  const policy = { name, description: fields.get('Description') ?? '', versions, current: 'v1', users: [] }
  policies.set(name, policy)
  return policy
}

function find({ field }: RpcCall, { policies }: Account): RamPolicy {
  const found = policies.get(field('PolicyName'))
  if (found !== undefined) return found
  throw notExist('Policy', 'The policy does not exist.')
}

function createVersion(call: RpcCall, account: Account): object {
  const found = find(call, account)
  const { versions, current } = found
  const isFull = versions.length >= mostVersions
  if (isFull && call.fields.get('RotateStrategy') !== 'DeleteOldestNonDefaultVersionWhenLimitExceeded')
    throw new RpcRefusal(409, 'LimitExceeded.Policy.Version', 'The count of policy version beyond the current limits.')
  const oldest = isFull ? versions.find(({ id }) => id !== current) : undefined
  const id = `v${1 + Math.max(...versions.map((one) => Number(one.id.slice(1))))}`
  const text = documentIn(call.field('PolicyDocument'))
  account.policies.set(found.name, {
    ...found,
    versions: [...versions.filter((one) => one !== oldest), { id, text }],
    current: call.fields.get('SetAsDefault') === 'true' ? id : current,
  })
  return { PolicyVersion: { VersionId: id } }
}

function documentIn(text: string): string {
  if (text.length > longestPolicy)
    throw new RpcRefusal(
      400,
      'InvalidParameter.PolicyDocument.Length',
      'The maximum length of the policy document is exceeded.',
    )
  if (parsePolicy(text, 'identity') === undefined)
    throw new RpcRefusal(400, 'MalformedPolicyDocument', 'The policy document is malformed.')
  return text
}

const describe = ({ name, description, current, users }: RamPolicy) => ({
  PolicyName: name,
  PolicyType: 'Custom',
  Description: description,
  DefaultVersion: current,
  AttachmentCount: users.length,
})
