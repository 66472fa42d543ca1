/**
 * The sandbox's Alibaba Cloud: one account with STS, RAM, IMS and a Container Registry instance, and an operator. Every server has all
 * services, which the version in a request distinguishes.
 */
import type { SandboxHandler } from '../serve/handler.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxCloud, SandboxContext, SandboxVendor } from '../vendor.ts'
import { type Account, accountId, arnOf, createAccount, type Role } from './account.ts'
import { createRegistry, instanceId, region } from './cr-api.ts'
import type { Policy } from './policy.ts'
import { policyActions } from './ram/policy-actions.ts'
import { imsActions } from './ram/provider-actions.ts'
import { attachmentActions, roleActions } from './ram/role-actions.ts'
import { rpcApi } from './rpc-api.ts'
import { fingerprintOf, stsActions } from './sts-api.ts'

type ServiceName = 'sts' | 'cr' | 'ram' | 'ims'

export interface AlibabaSandbox extends SandboxCloud {
  readonly parts: Readonly<Record<ServiceName, Part>>
  /** That of the parts, to be served under other names. */
  readonly handle: SandboxHandler
  readonly account: Account
  readonly accountId: string
  readonly region: string
  readonly instanceId: string
  /** ARNs of the role that may pull and of the OIDC provider of the cluster, whether or not they exist. */
  readonly roleArn: string
  readonly oidcProviderArn: string
  /** Of the authority that signs the issuer's certificate. */
  readonly fingerprint: string
  /** Limits the operator to these actions. */
  readonly limitOperator: (policy: Policy) => void
  /** Called before an action of RAM; it may throw, or change what exists. */
  readonly onAction: (before: ((name: string) => void) | undefined) => void
}

const role = 'puller'
const provider = 'cluster'
const audience = 'sts.aliyuncs.com'
const operator = { id: 'LTAI5tExampleOperator00', secret: 'ExampleSecretOfTheOperator0000' }

export const alibaba: SandboxVendor<AlibabaSandbox> = { open: openAlibaba }

async function openAlibaba(context: SandboxContext): Promise<AlibabaSandbox> {
  const { now, issuers, subject } = context
  const account = createAccount()
  let beforeAction: ((name: string) => void) | undefined
  const putOperator = (limits?: Policy) => {
    const principal = { arn: arnOf('user', 'operator'), ...(limits && { limits: [limits] }) }
    account.keys.set(operator.id, { secret: operator.secret, principal })
  }
  putOperator()
  const registry = createRegistry({ account, now })
  const ram = { account, beforeAction: () => beforeAction }
  const handle = rpcApi(
    {
      '2015-04-01': stsActions({ account, now, issuers }),
      '2015-05-01': { ...roleActions(ram), ...attachmentActions(ram), ...policyActions(ram) },
      '2018-12-01': registry.actions,
      '2019-08-15': imsActions(ram),
    },
    { account, now },
  )
  const parts = {
    sts: await context.serve(handle),
    cr: await context.serve(handle),
    ram: await context.serve(handle),
    ims: await context.serve(handle),
  }
  return {
    parts,
    handle,
    account,
    accountId,
    region,
    instanceId,
    roleArn: arnOf('role', role),
    oidcProviderArn: arnOf('oidc-provider', provider),
    fingerprint: fingerprintOf(issuers),
    limitOperator: putOperator,
    onAction: (before) => {
      beforeAction = before
    },
    environment: environmentOf(parts),
    registryVariables: {},
    audience,
    trust(issuer) {
      const fingerprints = [fingerprintOf(issuers)]
      account.providers.set(provider, { name: provider, issuer, clientIds: [audience], fingerprints, description: '' })
      const versions = [{ id: 'v1', text: pullPolicy(context.repository) }]
      account.policies.set('pull', { name: 'pull', description: '', versions, current: 'v1', users: [] })
      account.roles.set(role, trustedRole(issuer, subject))
    },
    authenticate: registry.authenticate,
  }
}

const environmentOf = ({ sts, cr, ram, ims }: AlibabaSandbox['parts']) => ({
  PULLPASS_ALIBABA_STS_ENDPOINT: sts.url,
  PULLPASS_ALIBABA_CR_ENDPOINT: cr.url,
  PULLPASS_ALIBABA_RAM_ENDPOINT: ram.url,
  PULLPASS_ALIBABA_IMS_ENDPOINT: ims.url,
  ALIBABA_CLOUD_ACCESS_KEY_ID: operator.id,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: operator.secret,
})

function trustedRole(issuer: string, subject: string): Role {
  const Condition = { StringEquals: { 'oidc:iss': issuer, 'oidc:sub': subject, 'oidc:aud': audience } }
  const Principal = { Federated: [arnOf('oidc-provider', provider)] }
  const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal, Condition }]
  const trust = JSON.stringify({ Version: '1', Statement })
  return { name: role, description: '', trust, maxSessionSeconds: 3600, attached: ['pull'] }
}

function pullPolicy(repository: string): string {
  const Resource = `acs:cr:${region}:${accountId}:repository/${instanceId}/${repository}/*`
  const Statement = [
    { Effect: 'Allow', Action: 'cr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow', Action: 'cr:PullRepository', Resource },
  ]
  return JSON.stringify({ Version: '1', Statement })
}
