/** The sandbox's Tencent Cloud: one account with CAM, STS and one instance of Container Registry, and an operator. */
import { randomBytes } from 'node:crypto'
import { readPublishedKeys } from '../issuer/published-keys.ts'
import type { Authenticate } from '../registry/token-endpoint.ts'
import type { SandboxHandler } from '../serve/handler.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxCloud, SandboxContext, SandboxVendor } from '../vendor.ts'
import { type Account, accountId, createAccount, type OidcProvider, providerArn, roleArn } from './account.ts'
import { type AccessKeys, type Api, createAccessKeys, TencentRefusal, tencentApi } from './api.ts'
import { camApi } from './cam.ts'
import { allows, parsePolicy } from './policy.ts'
import { stsApi } from './sts.ts'

export interface TencentSandbox extends SandboxCloud {
  /** `tokens`: STS and Container Registry; `cam`: CAM and STS, for operators. */
  readonly parts: Readonly<Record<'tokens' | 'cam', Part>>
  readonly handlers: Readonly<Record<'tokens' | 'cam', SandboxHandler>>
  /** Origin of STS and Container Registry. */
  readonly url: string
  readonly account: Account
  readonly accountId: string
  /** Of the role that trusts the cluster and may pull, whether or not it exists. */
  readonly roleArn: string
  /** Limits the operator to what this policy allows: JSON. */
  readonly limitOperator: (policy: string) => void
  readonly changeProvider: (changes: Partial<OidcProvider>) => void
}

const operator = { id: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE', secret: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE' }
const audience = 'sts.tencentcloudapi.com'
const role = 'puller'
const provider = 'cluster'
const region = 'eu-frankfurt'
const instance = 'tcr-example'
const tokenSeconds = 3600
const everything = JSON.stringify({ version: '2.0', statement: [{ effect: 'allow', action: '*', resource: '*' }] })

export const tencent: SandboxVendor<TencentSandbox> = { open: openTencent }

async function openTencent(context: SandboxContext): Promise<TencentSandbox> {
  const { now, serve } = context
  const account = createAccount()
  const keys = createAccessKeys()
  keys.putUser(operator.id, operator.secret, { arn: `qcs::cam::uin/${accountId}:uin/${accountId}` })
  let limits = everything
  const permits = (action: string, resource: string) =>
    allows([parsePolicy(limits, 'identity') ?? []].flat(), { action, resource })
  const registry = containerRegistry({ account, keys, context })
  const handlers = {
    tokens: tencentApi([stsApi({ account, keys, now }), registry.api], keys, now),
    cam: tencentApi([camApi({ account, permits }), stsApi({ account, keys, now })], keys, now),
  }
  const parts = { tokens: await serve(handlers.tokens), cam: await serve(handlers.cam) }
  return {
    parts,
    handlers,
    url: parts.tokens.url,
    account,
    accountId,
    roleArn: roleArn(role),
    limitOperator: (policy) => {
      limits = policy
    },
    changeProvider(changes) {
      const found = account.providers.get(provider)
      if (found !== undefined) account.providers.set(provider, { ...found, ...changes })
    },
    environment: {
      PULLPASS_TENCENT_CAM_ENDPOINT: parts.cam.url,
      PULLPASS_TENCENT_STS_ENDPOINT: parts.cam.url,
      TENCENTCLOUD_SECRET_ID: operator.id,
      TENCENTCLOUD_SECRET_KEY: operator.secret,
    },
    registryVariables: {},
    audience,
    trust: (issuer) => trustIssuer(issuer, account, context),
    authenticate: registry.authenticate,
  }
}

/** The keys are those that the issuer publishes now: CAM stores them. */
async function trustIssuer(issuer: string, account: Account, { issuers, subject, repository }: SandboxContext) {
  const published = await readPublishedKeys({ issuerUri: issuer }, issuers)
  const key = Buffer.from(JSON.stringify(published)).toString('base64')
  account.providers.set(provider, {
    name: provider,
    url: issuer,
    clientIds: [audience],
    key,
    description: '',
    status: 11,
  })
  const trust = {
    effect: 'allow',
    principal: { federated: [providerArn(provider)] },
    action: ['name/sts:AssumeRoleWithWebIdentity'],
    condition: { string_equal: { 'oidc:iss': [issuer], 'oidc:aud': [audience], 'oidc:sub': [subject] } },
  }
  account.roles.set(role, { id: '4611686018427733635', name: role, description: '', document: documentOf(trust) })
  const resource = (kind: string, path: string) => `qcs::tcr:${region}:uin/${accountId}:${kind}/${path}`
  const document = documentOf(
    { effect: 'allow', action: ['tcr:CreateInstanceToken'], resource: [resource('instance', instance)] },
    {
      effect: 'allow',
      action: ['tcr:PullRepository'],
      resource: [resource('repository', `${instance}/${repository}/*`)],
    },
  )
  account.policies.set(1, { id: 1, name: 'pull', description: '', document })
  account.attached(role).add(1)
}

const documentOf = (...statement: object[]) => JSON.stringify({ version: '2.0', statement })

interface RegistryNeeds {
  readonly account: Account
  readonly keys: AccessKeys
  readonly context: SandboxContext
}

/**
 * Container Registry: temporary tokens, which may pull what the role of the session may pull then.
 * https://www.tencentcloud.com/document/product/1051/45154
 */
function containerRegistry({ account, context: { now } }: RegistryNeeds): {
  readonly api: Api
  readonly authenticate: Authenticate
} {
  const issued = new Map<string, { readonly role: string; readonly expiresAt: Date }>()
  const on = (path: string) => `qcs::tcr:${region}:uin/${accountId}:${path}`
  const mayPull = (name: string, repository: string) =>
    // As Tencent's example of a policy for one repository has it: NAMESPACE/REPOSITORY/*.
    account.permits(name, 'tcr:PullRepository', on(`repository/${instance}/${repository}/`))
  return {
    api: {
      service: 'tcr',
      version: '2019-09-24',
      actions: {
        CreateInstanceToken(call) {
          const { role: name = '' } = call.caller()
          const resource = on(`instance/${call.text('RegistryId')}`)
          if (call.text('RegistryId') !== instance || call.headers['x-tc-region'] !== region)
            throw new TencentRefusal('ResourceNotFound.TcrResourceNotFound', 'The instance does not exist.')
          if (!account.permits(name, 'tcr:CreateInstanceToken', resource))
            throw new TencentRefusal(
              'UnauthorizedOperation',
              `[request id:ed93f3cb-f35e-473f-b9f3-0d451b8b79c6]you are not authorized to perform operation (tcr:CreateInstanceToken)\nresource (${resource}) has no permission\n`,
            )
          const [token, expiresAt] = [
            randomBytes(24).toString('base64url'),
            new Date(now().getTime() + tokenSeconds * 1000),
          ]
          issued.set(token, { role: name, expiresAt })
          return { Username: accountId, Token: token, ExpTime: expiresAt.getTime() }
        },
      },
    },
    authenticate({ username, password }) {
      const found = issued.get(password)
      if (found === undefined || username !== accountId || found.expiresAt <= now()) return undefined
      return {
        mayPull: (repository) => mayPull(found.role, repository),
        denial: () => 'requested access to the resource is denied',
        expiresAt: found.expiresAt,
      }
    },
  }
}
