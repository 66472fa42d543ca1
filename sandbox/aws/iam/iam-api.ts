/** AWS IAM: OIDC providers and roles, with its limits and permissions. https://docs.aws.amazon.com/IAM/latest/APIReference/ */
import { type IssuerConnection, readPublishedKeys } from '../../issuer/published-keys.ts'
import type { AccessKeys, Principal } from '../access-keys.ts'
import { AwsRefusal, type QueryAction, type QueryApi, type QueryCall, type QueryResult } from '../query-api.ts'
import { authenticate } from '../sts/sts-api.ts'
import { thumbprintOf } from '../sts/web-identity.ts'
import {
  type Account,
  accountId,
  managedPolicies,
  type OidcProvider,
  providerArn,
  type Role,
  roleArn,
} from './account.ts'
import { allows, parsePolicy } from './policy.ts'

interface IamNeeds {
  readonly account: Account
  readonly keys: AccessKeys
  readonly now: () => Date
  readonly issuers: IssuerConnection
}

export interface IamSettings {
  /** Called before an action; it may throw, or change what exists. */
  readonly beforeAction?: (name: string) => void
}

/** IAM is global: requests are signed for this region. */
const region = 'us-east-1'

export function iamApi(needs: IamNeeds & { readonly settings: () => IamSettings }): QueryApi {
  const actions = { ...providerActions(needs), ...roleActions(needs) }
  const guarded = Object.entries(actions).map(([name, { resource, run }]): [string, QueryAction] => [
    name,
    (call) => {
      needs.settings().beforeAction?.(name)
      const caller = authenticate(call, { ...needs, region }, 'iam')
      checkPermission(caller, `iam:${name}`, resource(call))
      return run(call)
    },
  ])
  return {
    version: '2010-05-08',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    formats: ['xml'],
    actions: Object.fromEntries(guarded),
  }
}

interface Action {
  readonly resource: (call: QueryCall) => string
  readonly run: QueryAction
}

function checkPermission({ arn, limits = [] }: Principal, action: string, resource: string): void {
  if (allows(limits, { action, resource })) return
  const message = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
  throw new AwsRefusal('AccessDenied', message, 403)
}

function providerActions({ account: { providers }, issuers, now }: IamNeeds): Record<string, Action> {
  const ofArn = ({ field }: QueryCall) => field('OpenIDConnectProviderArn')
  const find = (call: QueryCall): OidcProvider => {
    const arn = ofArn(call)
    const found = providers.get(arn.slice(providerArn('').length))
    if (found !== undefined && providerArn(found.url) === arn) return found
    throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`)
  }
  const change = (call: QueryCall, changes: (found: OidcProvider) => Partial<OidcProvider>): QueryResult => {
    const found = find(call)
    providers.set(found.url, { ...found, ...changes(found) })
    return {}
  }
  const resource = ofArn
  return {
    CreateOpenIDConnectProvider: {
      resource: ({ field }) => providerArn(hostAndPath(field('Url'))),
      async run(call) {
        const url = call.field('Url')
        checkIssuer(url)
        const key = hostAndPath(url)
        if (providers.has(key)) throw exists(`Provider with url ${url} already exists.`)
        const clientIds = call.list('ClientIDList')
        const given = call.list('ThumbprintList')
        if (given.length === 0) {
          await readPublishedKeys({ issuerUri: url }, issuers).catch(() => {
            throw new AwsRefusal(
              'OpenIdIdpCommunicationError',
              `Unable to communicate with the identity provider ${url}`,
            )
          })
        }
        const thumbprints = given.length === 0 ? [thumbprintOf(issuers)] : given
        providers.set(key, { url: key, clientIds, thumbprints, tags: tagsIn(call), createdAt: now() })
        return { OpenIDConnectProviderArn: providerArn(key), ...tagList(tagsIn(call)) }
      },
    },
    GetOpenIDConnectProvider: {
      resource,
      run(call) {
        const { url, clientIds, thumbprints, tags, createdAt } = find(call)
        return {
          Url: url,
          ClientIDList: clientIds,
          ThumbprintList: thumbprints,
          CreateDate: createdAt,
          ...tagList(tags),
        }
      },
    },
    ListOpenIDConnectProviders: {
      resource: () => `arn:aws:iam::${accountId}:oidc-provider/*`,
      run: () => ({ OpenIDConnectProviderList: [...providers.values()].map(({ url }) => ({ Arn: providerArn(url) })) }),
    },
    AddClientIDToOpenIDConnectProvider: {
      resource,
      run: (call) =>
        change(call, ({ clientIds }) => ({ clientIds: [...new Set([...clientIds, call.field('ClientID')])] })),
    },
    UpdateOpenIDConnectProviderThumbprint: {
      resource,
      run: (call) => change(call, () => ({ thumbprints: call.list('ThumbprintList') })),
    },
    TagOpenIDConnectProvider: {
      resource,
      run: (call) => change(call, ({ tags }) => ({ tags: { ...tags, ...tagsIn(call) } })),
    },
    DeleteOpenIDConnectProvider: {
      resource,
      run(call) {
        providers.delete(find(call).url)
        return {}
      },
    },
  }
}

const hostAndPath = (url: string) => url.replace(/^https:\/\//, '')

/** Without a port, except on this machine, where parts differ by port alone. */
function checkIssuer(url: string): void {
  const { protocol, port, search, hostname } = new URL(url)
  const isValid =
    protocol === 'https:' && search === '' && url.length <= 255 && (port === '' || hostname === '127.0.0.1')
  if (!isValid) throw new AwsRefusal('ValidationError', 'Invalid Open ID Connect Provider URL')
}

const longestTrustPolicy = 2048

function roleActions({ account: { roles }, now }: IamNeeds): Record<string, Action> {
  const find = ({ field }: QueryCall): Role => {
    const found = roles.get(field('RoleName'))
    if (found !== undefined) return found
    throw noSuchEntity(`The role with name ${field('RoleName')} cannot be found.`)
  }
  const change = (call: QueryCall, changes: (found: Role) => Partial<Role>): QueryResult => {
    const found = find(call)
    roles.set(found.name, { ...found, ...changes(found) })
    return {}
  }
  const resource = (call: QueryCall) => {
    const name = call.field('RoleName')
    return roleArn({ name, path: call.fields.get('Path') ?? roles.get(name)?.path ?? '/' })
  }
  return {
    CreateRole: {
      resource,
      run(call) {
        const name = call.field('RoleName')
        if (roles.has(name)) throw exists(`Role with name ${name} already exists.`)
        const role: Role = {
          name,
          path: call.fields.get('Path') ?? '/',
          description: call.fields.get('Description') ?? '',
          ...trustIn(call, 'AssumeRolePolicyDocument'),
          maxSessionSeconds: Number(call.fields.get('MaxSessionDuration') ?? 3600),
          tags: tagsIn(call),
          policies: new Map(),
          attached: [],
          createdAt: now(),
        }
        roles.set(name, role)
        return { Role: describeRole(role) }
      },
    },
    GetRole: { resource, run: (call) => ({ Role: describeRole(find(call)) }) },
    UpdateAssumeRolePolicy: { resource, run: (call) => change(call, () => trustIn(call, 'PolicyDocument')) },
    TagRole: { resource, run: (call) => change(call, ({ tags }) => ({ tags: { ...tags, ...tagsIn(call) } })) },
    DeleteRole: {
      resource,
      run(call) {
        const { name, policies, attached } = find(call)
        if (policies.size > 0) throw conflict('Cannot delete entity, must delete policies first.')
        if (attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.')
        roles.delete(name)
        return {}
      },
    },
    ListRolePolicies: {
      resource,
      run: (call) => ({ PolicyNames: [...find(call).policies.keys()], IsTruncated: 'false' }),
    },
    ListAttachedRolePolicies: {
      resource,
      run: (call) => ({
        AttachedPolicies: find(call).attached.map((arn) => ({
          PolicyArn: arn,
          PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
        })),
        IsTruncated: 'false',
      }),
    },
    GetRolePolicy: {
      resource,
      run(call) {
        const name = call.field('PolicyName')
        const found = find(call).policies.get(name)
        if (found === undefined) throw noSuchEntity(`The role policy with name ${name} cannot be found.`)
        return { RoleName: call.field('RoleName'), PolicyName: name, PolicyDocument: encodeURIComponent(found.text) }
      },
    },
    PutRolePolicy: {
      resource,
      run(call) {
        const text = call.field('PolicyDocument')
        const policy = parsePolicy(text, 'identity')
        if (policy === undefined) throw malformed('Syntax errors in policy.')
        return change(call, ({ policies }) => ({
          policies: new Map([...policies, [call.field('PolicyName'), { policy, text }]]),
        }))
      },
    },
    DeleteRolePolicy: {
      resource,
      run: (call) =>
        change(call, ({ policies }) => {
          const name = call.field('PolicyName')
          if (!policies.has(name)) throw noSuchEntity(`The role policy with name ${name} cannot be found.`)
          return { policies: new Map([...policies].filter(([one]) => one !== name)) }
        }),
    },
    AttachRolePolicy: {
      resource,
      run: (call) =>
        change(call, ({ attached }) => {
          const arn = call.field('PolicyArn')
          if (managedPolicies[arn] === undefined)
            throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`)
          return { attached: [...new Set([...attached, arn])] }
        }),
    },
  }
}

function trustIn({ field }: QueryCall, name: string): Pick<Role, 'trustPolicy' | 'trustText'> {
  const trustText = field(name)
  const trustPolicy = parsePolicy(trustText, 'trust')
  if (trustPolicy === undefined) throw malformed('This policy contains invalid Json')
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

function tagsIn({ fields }: QueryCall): Record<string, string> {
  const tags: Record<string, string> = {}
  for (let at = 1; fields.has(`Tags.member.${at}.Key`); at++)
    tags[fields.get(`Tags.member.${at}.Key`) ?? ''] = fields.get(`Tags.member.${at}.Value`) ?? ''
  return tags
}

const tagList = (tags: Readonly<Record<string, string>>): QueryResult => ({
  Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
})

const noSuchEntity = (message: string) => new AwsRefusal('NoSuchEntity', message, 404)
const exists = (message: string) => new AwsRefusal('EntityAlreadyExists', message, 409)
const conflict = (message: string) => new AwsRefusal('DeleteConflict', message, 409)
const malformed = (message: string) => new AwsRefusal('MalformedPolicyDocument', message)
