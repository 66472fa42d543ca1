/** Actions on roles. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-createrole */
import { type Account, arnOf, type Role } from '../account.ts'
import { parsePolicy } from '../policy.ts'
import { type RpcAction, type RpcCall, RpcRefusal } from '../rpc-api.ts'
import { alreadyExists, guarded, notExist, page, type RamNeeds } from './guard.ts'

const resource = ({ field }: RpcCall) => `role/${field('RoleName')}`

/** Characters. */
const longestTrust = 2048
const longestDescription = 1024

export function roleActions(needs: RamNeeds): Readonly<Record<string, RpcAction>> {
  const { account } = needs
  const { roles } = account
  const change = (role: Role, changes: Partial<Role>) => void roles.set(role.name, { ...role, ...changes })
  return guarded(
    {
      CreateRole: {
        resource,
        run: (call) => ({ Role: describe(create(call, account)) }),
      },
      GetRole: { resource, run: (call) => ({ Role: describe(findRole(call, account)) }) },
      ListRoles: {
        resource: () => 'role/*',
        run(call) {
          const { items, rest } = page(call, [...roles.values()])
          const Role = items.map((one) => ({ ...describe(one), AssumeRolePolicyDocument: undefined }))
          return { ...rest, Roles: { Role } }
        },
      },
      UpdateRole: {
        resource,
        run(call) {
          const found = findRole(call, account)
          const [trust, description] = ['NewAssumeRolePolicyDocument', 'NewDescription'].map((name) =>
            call.fields.get(name),
          )
          change(found, {
            ...(trust && { trust: trustIn(trust) }),
            ...(description && { description: descriptionIn(description) }),
          })
          return { Role: describe(findRole(call, account)) }
        },
      },
      DeleteRole: {
        resource,
        run(call) {
          const { name, attached } = findRole(call, account)
          if (attached.length > 0)
            throw new RpcRefusal(409, 'DeleteConflict.Role.Policy', 'The role has policies attached.')
          roles.delete(name)
          return {}
        },
      },
    },
    needs,
  )
}

export function attachmentActions(needs: RamNeeds): Readonly<Record<string, RpcAction>> {
  const { account } = needs
  const { roles, policies } = account
  const change = (role: Role, changes: Pick<Role, 'attached'>) => void roles.set(role.name, { ...role, ...changes })
  return guarded(
    {
      AttachPolicyToRole: {
        resource,
        run(call) {
          const found = findRole(call, account)
          const name = call.field('PolicyName')
          if (call.field('PolicyType') !== 'Custom' || !policies.has(name))
            throw notExist('Policy', 'The policy does not exist.')
          if (found.attached.includes(name))
            throw alreadyExists('Role.Policy', 'The policy is already attached to the role.')
          change(found, { attached: [...found.attached, name] })
          return {}
        },
      },
      DetachPolicyFromRole: {
        resource,
        run(call) {
          const found = findRole(call, account)
          const name = call.field('PolicyName')
          if (!found.attached.includes(name)) throw notExist('Role.Policy', 'The policy is not attached to the role.')
          change(found, { attached: found.attached.filter((one) => one !== name) })
          return {}
        },
      },
      ListPoliciesForRole: {
        resource,
        run(call) {
          const Policy = findRole(call, account).attached.map((PolicyName) => ({ PolicyName, PolicyType: 'Custom' }))
          return { Policies: { Policy } }
        },
      },
    },
    needs,
  )
}

function create({ field, fields }: RpcCall, { roles }: Account): Role {
  const name = field('RoleName')
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(name))
    throw new RpcRefusal(400, 'InvalidParameter.RoleName.InvalidChars', 'The role name is invalid.')
  if (roles.has(name)) throw alreadyExists('Role', 'The role already exists.')
  const role = {
    name,
    description: descriptionIn(fields.get('Description') ?? ''),
    trust: trustIn(field('AssumeRolePolicyDocument')),
    maxSessionSeconds: Number(fields.get('MaxSessionDuration') ?? 3600),
    attached: [],
  }
  roles.set(name, role)
  return role
}

function findRole({ field }: RpcCall, { roles }: Account): Role {
  const found = roles.get(field('RoleName'))
  if (found !== undefined) return found
  throw notExist('Role', `The role not exists: ${field('RoleName')}.`)
}

function trustIn(text: string): string {
  if (text.length > longestTrust) {
    throw new RpcRefusal(
      400,
      'InvalidParameter.AssumeRolePolicyDocument.Length',
      'The parameter - "AssumeRolePolicyDocument" beyond the length limit.',
    )
  }
  if (parsePolicy(text, 'trust') === undefined)
    throw new RpcRefusal(400, 'MalformedPolicyDocument', 'The policy document is malformed.')
  return text
}

function descriptionIn(text: string): string {
  if (text.length <= longestDescription) return text
  throw new RpcRefusal(400, 'InvalidParameter.Description.Length', 'The description is beyond the length limit.')
}

const describe = ({ name, description, trust, maxSessionSeconds }: Role) => ({
  RoleId: '901234567890',
  RoleName: name,
  Arn: arnOf('role', name),
  Description: description,
  AssumeRolePolicyDocument: trust,
  MaxSessionDuration: maxSessionSeconds,
})
