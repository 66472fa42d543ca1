/** Actions on roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
import { AwsRefusal, type QueryCall, type QueryResult } from '../query-api.ts'
import { accountId, type Role, roleArn } from './account.ts'
import {
  changeRole,
  entityExists,
  findRole,
  type IamAction,
  type IamNeeds,
  malformedPolicy,
  roleResource,
  tagList,
  tagsIn,
} from './iam-action.ts'
import { parsePolicy } from './policy.ts'

const longestTrustPolicy = 2048

export function roleActions({ account, now }: IamNeeds): Record<string, IamAction> {
  const { roles } = account
  const resource = (call: QueryCall) => roleResource(call, account)
  return {
    CreateRole: {
      resource,
      run(call) {
        const role = newRole(call, now())
        if (roles.has(role.name)) throw entityExists(`Role with name ${role.name} already exists.`)
        roles.set(role.name, role)
        return { Role: describeRole(role) }
      },
    },
    GetRole: { resource, run: (call) => ({ Role: describeRole(findRole(call, account)) }) },
    ListRoles: {
      resource: () => `arn:aws:iam::${accountId}:role/`,
      run: () => ({ IsTruncated: 'false', Roles: [...roles.values()].map(describeRole) }),
    },
    UpdateRole: {
      resource,
      run: (call) => changeRole(call, account, () => ({ maxSessionSeconds: Number(call.field('MaxSessionDuration')) })),
    },
    UpdateAssumeRolePolicy: {
      resource,
      run: (call) => changeRole(call, account, () => trustIn(call, 'PolicyDocument')),
    },
    DeleteRole: {
      resource,
      run(call) {
        const { name, policies, attached } = findRole(call, account)
        if (policies.size > 0) throw deleteConflict('Cannot delete entity, must delete policies first.')
        if (attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.')
        roles.delete(name)
        return {}
      },
    },
  }
}

function newRole(call: QueryCall, createdAt: Date): Role {
  const { field, fields } = call
  return {
    name: field('RoleName'),
    path: fields.get('Path') ?? '/',
    description: fields.get('Description') ?? '',
    ...trustIn(call, 'AssumeRolePolicyDocument'),
    maxSessionSeconds: Number(fields.get('MaxSessionDuration') ?? 3600),
    tags: tagsIn(call),
    policies: new Map(),
    attached: [],
    createdAt,
  }
}

function trustIn({ field }: QueryCall, name: string): Pick<Role, 'trustPolicy' | 'trustText'> {
  const trustText = field(name)
  const trustPolicy = parsePolicy(trustText, 'trust')
  if (trustPolicy === undefined) throw malformedPolicy('This policy contains invalid Json')
  if (trustText.replaceAll(/\s/g, '').length > longestTrustPolicy)
    throw new AwsRefusal('LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${longestTrustPolicy}`, 409)
  return { trustPolicy, trustText }
}

const describeRole = (role: Role): QueryResult => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: 'AROAEXAMPLE',
  Arn: roleArn(role),
  CreateDate: role.createdAt,
  AssumeRolePolicyDocument: encodeURIComponent(role.trustText),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
  ...tagList(role.tags),
})

const deleteConflict = (message: string) => new AwsRefusal('DeleteConflict', message, 409)
