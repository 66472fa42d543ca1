/**
 * Cloud Access Management. The codes of errors are those that Tencent's client lists for each action; their texts are shortened.
 * https://www.tencentcloud.com/document/product/598/32225
 */
import {
  type Account,
  accountId,
  type OidcProvider,
  type Policy,
  policyArn,
  providerArn,
  type Role,
  roleArn,
} from './account.ts'
import { type Api, type ApiCall, TencentRefusal } from './api.ts'
import { parsePolicy } from './policy.ts'
import { readIdentityKey } from './sts.ts'

export interface CamNeeds {
  readonly account: Account
  /** Whether the operator may do it. */
  readonly permits: (action: string, resource: string) => boolean
}

interface CamAction {
  /** On which the caller needs the permission. */
  readonly resource: (call: ApiCall, account: Account) => string
  readonly run: (call: ApiCall, account: Account) => object
}

export const camApi = ({ account, permits }: CamNeeds): Api => ({
  service: 'cam',
  version: '2019-01-16',
  actions: Object.fromEntries(
    Object.entries({ ...providerActions, ...roleActions, ...policyActions }).map(([name, { resource, run }]) => [
      name,
      (call: ApiCall) => {
        call.caller()
        const on = resource(call, account)
        if (permits(`cam:${name}`, on)) return run(call, account)
        throw new TencentRefusal(
          'UnauthorizedOperation',
          `[request id:ed93f3cb-f35e-473f-b9f3-0d451b8b79c6]you are not authorized to perform operation (cam:${name})\nresource (${on}) has no permission\n`,
        )
      },
    ]),
  ),
})

const ofProvider: CamAction['resource'] = ({ text }) => providerArn(text('Name'))

const providerActions: Readonly<Record<string, CamAction>> = {
  CreateOIDCConfig: {
    resource: ofProvider,
    run(call, { providers }) {
      const created = providerIn(call)
      if (providers.has(created.name))
        throw new TencentRefusal('InvalidParameter.IdentityNameInUse', 'Identity provider name already in use.')
      providers.set(created.name, created)
      return {}
    },
  },
  UpdateOIDCConfig: {
    resource: ofProvider,
    run(call, account) {
      const { name, status, description, autoRotateKey } = findProvider(call, account)
      const { description: given, ...fields } = providerIn(call)
      account.providers.set(name, {
        ...fields,
        status,
        description: call.body['Description'] === undefined ? description : given,
        ...(autoRotateKey !== undefined && { autoRotateKey: call.body['AutoRotateKey'] === 1 ? 1 : 0 }),
      })
      return {}
    },
  },
  DescribeOIDCConfig: {
    resource: ofProvider,
    run(call, account) {
      const { name, url, key, clientIds, status, description, autoRotateKey } = findProvider(call, account)
      const fields = {
        IdentityUrl: url,
        IdentityKey: key,
        ClientId: clientIds,
        Status: status,
        Description: description,
        ...(autoRotateKey !== undefined && { AutoRotateKey: autoRotateKey }),
      }
      return { ProviderType: 11, Name: name, ...fields }
    },
  },
  DeleteOIDCConfig: {
    resource: ofProvider,
    run(call, account) {
      account.providers.delete(findProvider(call, account).name)
      return {}
    },
  },
}

function findProvider({ text }: ApiCall, { providers }: Account): OidcProvider {
  const found = providers.get(text('Name'))
  if (found !== undefined) return found
  throw new TencentRefusal('ResourceNotFound.IdentityNotExist', 'Identity provider does not exist.')
}

function providerIn({ text, body }: ApiCall): OidcProvider {
  const [name, url, key, clientIds] = [text('Name'), text('IdentityUrl'), text('IdentityKey'), listOf(body['ClientId'])]
  if (!/^https:\/\/[^?#@\s]+$/.test(url))
    throw new TencentRefusal('InvalidParameterValue.IdentityUrlError', 'The IdP URL is incorrect.')
  if (readIdentityKey(key) === undefined)
    throw new TencentRefusal('InvalidParameterValue.IdentityKeyError', 'The OIDC signature public key is incorrect.')
  if (clientIds.length === 0) throw new TencentRefusal('MissingParameter', 'ClientId')
  return { name, url, key, clientIds, description: descriptionIn(body), status: 11 }
}

const ofRole =
  (name = 'RoleName'): CamAction['resource'] =>
  ({ text }) =>
    roleArn(text(name))

const roleActions: Readonly<Record<string, CamAction>> = {
  CreateRole: {
    resource: ofRole(),
    run(call, account) {
      const name = call.text('RoleName')
      if (account.roles.has(name))
        throw new TencentRefusal('InvalidParameter.RoleNameInUse', 'A role with the same name already exists.')
      const id = `46116860184${account.newId()}`
      account.roles.set(name, { id, name, document: trustIn(call), description: descriptionIn(call.body) })
      return { RoleId: id }
    },
  },
  GetRole: { resource: ofRole(), run: (call, account) => ({ RoleInfo: describeRole(findRole(call, account)) }) },
  DescribeRoleList: {
    resource: () => `qcs::cam::uin/${accountId}:roleName/*`,
    run(call, { roles }) {
      const all = [...roles.values()]
      return { List: pageOf(all, call).map(describeRole), TotalNum: all.length }
    },
  },
  UpdateAssumeRolePolicy: {
    resource: ofRole(),
    run: (call, account) => changeRole(call, account, { document: trustIn(call) }),
  },
  UpdateRoleDescription: {
    resource: ofRole(),
    run: (call, account) => changeRole(call, account, { description: descriptionIn(call.body) }),
  },
  DeleteRole: {
    resource: ofRole(),
    run(call, account) {
      const { name } = findRole(call, account)
      account.roles.delete(name)
      account.attached(name).clear()
      return {}
    },
  },
  ListAttachedRolePolicies: {
    resource: ofRole(),
    run(call, account) {
      const all = [...account.attached(findRole(call, account).name)].flatMap((id) => account.policies.get(id) ?? [])
      const list = pageOf(all, call).map(({ id, name }) => ({ PolicyId: id, PolicyName: name, PolicyType: 'User' }))
      return { List: list, TotalNum: all.length }
    },
  },
  AttachRolePolicy: {
    resource: ofRole('AttachRoleName'),
    run(call, account) {
      const { name } = findRole(call, account, 'AttachRoleName')
      account.attached(name).add(findPolicy(call, account).id)
      return {}
    },
  },
  DetachRolePolicy: {
    resource: ofRole('DetachRoleName'),
    run(call, account) {
      const { name } = findRole(call, account, 'DetachRoleName')
      account.attached(name).delete(findPolicy(call, account).id)
      return {}
    },
  },
}

function findRole({ text }: ApiCall, { roles }: Account, field = 'RoleName'): Role {
  const found = roles.get(text(field))
  if (found !== undefined) return found
  throw new TencentRefusal('InvalidParameter.RoleNotExist', 'Role does not exist.')
}

function changeRole(call: ApiCall, account: Account, changes: Partial<Role>): object {
  const found = findRole(call, account)
  account.roles.set(found.name, { ...found, ...changes })
  return {}
}

const longestDocument = 4096

function trustIn({ text }: ApiCall): string {
  const document = text('PolicyDocument')
  if (parsePolicy(document, 'trust') === undefined)
    throw new TencentRefusal(
      'InvalidParameter.PrincipalError',
      'The `principal` field of the policy syntax is incorrect.',
    )
  return withinLimit(document)
}

function withinLimit(document: string): string {
  if (document.length <= longestDocument) return document
  throw new TencentRefusal('InvalidParameter.PolicyDocumentLengthOverLimit', 'The policy document is too long.')
}

const describeRole = ({ id, name, document, description }: Role) => ({
  RoleId: id,
  RoleName: name,
  PolicyDocument: document,
  Description: description,
  ConsoleLogin: 0,
  RoleType: 'user',
  SessionDuration: 7200,
  RoleArn: roleArn(name),
})

const policyActions: Readonly<Record<string, CamAction>> = {
  CreatePolicy: {
    resource: ({ text }) => policyArn(text('PolicyName')),
    run(call, { policies, newId }) {
      const name = call.text('PolicyName')
      if ([...policies.values()].some((one) => one.name === name))
        throw new TencentRefusal('FailedOperation.PolicyNameInUse', 'The policy name already exists.')
      const id = newId()
      policies.set(id, { id, name, document: policyIn(call), description: descriptionIn(call.body) })
      return { PolicyId: id }
    },
  },
  UpdatePolicy: {
    resource: ({ text }) => policyArn(text('PolicyName')),
    run(call, account) {
      const found = findPolicy(call, account)
      account.policies.set(found.id, { ...found, document: policyIn(call) })
      return { PolicyId: found.id }
    },
  },
  GetPolicy: {
    resource: (call, account) => policyArn(account.policies.get(Number(call.body['PolicyId']))?.name ?? '*'),
    run({ body }, { policies }) {
      const found = policies.get(Number(body['PolicyId']))
      if (found === undefined) throw policyNotFound()
      return { PolicyName: found.name, PolicyDocument: found.document, Description: found.description, Type: 1 }
    },
  },
  ListPolicies: {
    resource: () => `qcs::cam::uin/${accountId}:policyName/*`,
    run(call, { policies }) {
      const { Keyword: keyword = '' } = call.body
      const all = [...policies.values()].filter(({ name }) => typeof keyword === 'string' && name.includes(keyword))
      return {
        List: pageOf(all, call).map(({ id, name }) => ({ PolicyId: id, PolicyName: name, Type: 1 })),
        TotalNum: all.length,
      }
    },
  },
  ListEntitiesForPolicy: {
    resource: (call, account) => policyArn(account.policies.get(Number(call.body['PolicyId']))?.name ?? '*'),
    run(call, account) {
      const id = Number(call.body['PolicyId'])
      const all = [...account.roles.values()].filter(({ name }) => account.attached(name).has(id))
      return {
        List: pageOf(all, call).map((role) => ({ Id: role.id, Name: role.name, Uin: 0, RelatedType: 3 })),
        TotalNum: all.length,
      }
    },
  },
  DeletePolicy: {
    resource: () => policyArn('*'),
    run({ body }, { policies }) {
      const ids = [body['PolicyId']].flat().map(Number)
      if (ids.length === 0 || !ids.every((id) => policies.delete(id))) throw policyNotFound()
      return {}
    },
  },
}

function findPolicy({ text }: ApiCall, { policies }: Account): Policy {
  const found = [...policies.values()].find(({ name }) => name === text('PolicyName'))
  if (found !== undefined) return found
  throw new TencentRefusal('InvalidParameter.PolicyIdNotExist', 'Policy ID does not exist.')
}

const policyNotFound = () =>
  new TencentRefusal('ResourceNotFound.PolicyIdNotFound', 'Resources specified by `PolicyId` does not exist.')

function policyIn({ text }: ApiCall): string {
  const document = text('PolicyDocument')
  if (parsePolicy(document, 'identity') === undefined)
    throw new TencentRefusal('InvalidParameter.PolicyDocumentError', 'The `PolicyDocument` field is incorrect.')
  return withinLimit(document)
}

const descriptionIn = (body: ApiCall['body']) => (typeof body['Description'] === 'string' ? body['Description'] : '')
const listOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

const mostRows = 200

function pageOf<Item>(all: readonly Item[], { body }: ApiCall): Item[] {
  const [page, rows] = [Number(body['Page'] ?? 1), Number(body['Rp'] ?? 20)]
  if (!(page >= 1 && rows >= 1 && rows <= mostRows))
    throw new TencentRefusal('InvalidParameter.ParamError', 'Invalid parameter.')
  return all.slice((page - 1) * rows, page * rows)
}
