/** Actions on the policies of roles: inline ones, and attached managed ones. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
import type { QueryCall, QueryResult } from '../query-api.ts'
import { managedPolicies } from './account.ts'
import {
  changeRole,
  findRole,
  type IamAction,
  type IamNeeds,
  malformedPolicy,
  noSuchEntity,
  roleResource,
} from './iam-action.ts'
import { parsePolicy } from './policy.ts'

export function rolePolicyActions({ account }: IamNeeds): Record<string, IamAction> {
  const resource = (call: QueryCall) => roleResource(call, account)
  const unknown = (name: string) => noSuchEntity(`The role policy with name ${name} cannot be found.`)
  return {
    ListRolePolicies: {
      resource,
      run: (call) => page(call, 'PolicyNames', [...findRole(call, account).policies.keys()]),
    },
    ListAttachedRolePolicies: {
      resource,
      run(call) {
        const { attached } = findRole(call, account)
        const named = attached.map((arn) => ({ PolicyArn: arn, PolicyName: arn.slice(arn.lastIndexOf('/') + 1) }))
        return page(call, 'AttachedPolicies', named)
      },
    },
    GetRolePolicy: {
      resource,
      run(call) {
        const name = call.field('PolicyName')
        const found = findRole(call, account).policies.get(name)
        if (found === undefined) throw unknown(name)
        return { RoleName: call.field('RoleName'), PolicyName: name, PolicyDocument: encodeURIComponent(found.text) }
      },
    },
    PutRolePolicy: {
      resource,
      run(call) {
        const text = call.field('PolicyDocument')
        const policy = parsePolicy(text, 'identity')
        if (policy === undefined) throw malformedPolicy('Syntax errors in policy.')
        return changeRole(call, account, ({ policies }) => ({
          policies: new Map([...policies, [call.field('PolicyName'), { policy, text }]]),
        }))
      },
    },
    DeleteRolePolicy: {
      resource,
      run: (call) =>
        changeRole(call, account, ({ policies }) => {
          const name = call.field('PolicyName')
          if (!policies.has(name)) throw unknown(name)
          return { policies: new Map([...policies].filter(([one]) => one !== name)) }
        }),
    },
    AttachRolePolicy: {
      resource,
      run: (call) =>
        changeRole(call, account, ({ attached }) => {
          const arn = call.field('PolicyArn')
          if (managedPolicies[arn] === undefined)
            throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
          return { attached: [...new Set([...attached, arn])] }
        }),
    },
  }
}

const defaultPageSize = 100

/** The marker is the index of the next item. */
function page(call: QueryCall, member: string, items: readonly QueryResult[string][]): QueryResult {
  const start = Number(call.fields.get('Marker') ?? 0)
  const end = start + Number(call.fields.get('MaxItems') ?? defaultPageSize)
  const more = end < items.length
  return { [member]: items.slice(start, end), IsTruncated: String(more), ...(more && { Marker: String(end) }) }
}
