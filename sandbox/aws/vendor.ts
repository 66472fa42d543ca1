/** The sandbox's AWS: one account with IAM, STS and ECR in one region, and an operator. */
import type { SandboxHandler } from '../serve/handler.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxCloud, SandboxContext, SandboxVendor } from '../vendor.ts'
import { type AccessKeys, createAccessKeys, type Principal } from './access-keys.ts'
import { createEcr } from './ecr/ecr-api.ts'
import { type Account, accountId, createAccount, providerArn, type Role, roleArn } from './iam/account.ts'
import { type IamSettings, iamApi } from './iam/iam-api.ts'
import type { Policy } from './iam/policy.ts'
import { queryApi } from './query-api.ts'
import { type StsSettings, stsApi } from './sts/sts-api.ts'
import { thumbprintOf } from './sts/web-identity.ts'

type ServiceName = 'sts' | 'ecr' | 'ecrPublic' | 'iam'

export interface AwsSandbox extends SandboxCloud {
  readonly parts: Readonly<Record<ServiceName, Part>>
  /** Those of the parts, to be served under other names. */
  readonly handlers: Readonly<Record<ServiceName, SandboxHandler>>
  readonly account: Account
  readonly keys: AccessKeys
  readonly accountId: string
  readonly region: string
  /** ARN of the role that trusts the cluster and may pull, whether or not it exists. */
  readonly roleArn: string
  /** ARN of the repository, with every image in it. */
  readonly repositoryArn: string
  /** Of the authority that signs the issuer's certificate. */
  readonly thumbprint: string
  /** Creates or replaces a role. */
  readonly putRole: (
    name: string,
    role: { readonly trust: Policy; readonly policies?: Readonly<Record<string, Policy>> } & Partial<
      Pick<Role, 'description' | 'maxSessionSeconds' | 'tags'>
    >,
  ) => void
  /** Limits the operator to these actions of IAM. */
  readonly limitOperator: (policy: Policy) => void
  readonly adjust: (settings: Partial<StsSettings & IamSettings>) => void
}

const role = 'puller'
const operator = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const operatorArn = `arn:aws:iam::${accountId}:user/operator`
const audience = 'sts.amazonaws.com'
const everything: Policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }

export const aws: SandboxVendor<AwsSandbox> = awsIn('eu-west-1')

export function awsIn(region: string): SandboxVendor<AwsSandbox> {
  return { open: (context) => openAws(context, region) }
}

async function openAws(context: SandboxContext, region: string): Promise<AwsSandbox> {
  const { now, issuers, subject } = context
  let settings: StsSettings & IamSettings = { issuerAuthority: 'public' }
  const account = createAccount()
  const keys = createAccessKeys()
  const putOperator = (limits: Policy) =>
    keys.putUser(operator.id, operator.secret, { arn: operatorArn, limits: [limits] } satisfies Principal)
  putOperator(everything)
  const shared = { account, keys, now, region, issuers, settings: () => settings }
  const ecr = createEcr(shared)
  const repositoryArn = `arn:aws:ecr:${region}:${accountId}:repository/${context.repository}/*`
  const handlers = {
    sts: queryApi(stsApi(shared)),
    ecr: ecr.api,
    ecrPublic: ecr.publicApi,
    iam: queryApi(iamApi(shared)),
  }
  const parts = await openParts(context, handlers)
  const putRole: AwsSandbox['putRole'] = (name, content) => void account.roles.set(name, newRole(name, content, now()))
  return {
    parts,
    handlers,
    account,
    keys,
    accountId,
    region,
    roleArn: roleArn({ path: '/', name: role }),
    repositoryArn,
    thumbprint: thumbprintOf(issuers),
    putRole,
    limitOperator: putOperator,
    adjust: (changes) => {
      settings = { ...settings, ...changes }
    },
    environment: environmentOf(parts),
    registryVariables: {},
    audience,
    trust(issuer) {
      const url = issuer.replace(/^https:\/\//, '')
      account.providers.set(url, { url, clientIds: [audience], thumbprints: [], tags: {}, createdAt: now() })
      putRole(role, { trust: trustPolicy(url, subject), policies: { pull: pullPolicy(repositoryArn) } })
    },
    authenticate: ecr.authenticate,
  }
}

const environmentOf = (parts: AwsSandbox['parts']) => ({
  AWS_ENDPOINT_URL_STS: parts.sts.url,
  AWS_ENDPOINT_URL_ECR: parts.ecr.url,
  AWS_ENDPOINT_URL_ECR_PUBLIC: parts.ecrPublic.url,
  AWS_ENDPOINT_URL_IAM: parts.iam.url,
  AWS_ACCESS_KEY_ID: operator.id,
  AWS_SECRET_ACCESS_KEY: operator.secret,
})

function newRole(
  name: string,
  { trust, policies = {}, ...other }: Parameters<AwsSandbox['putRole']>[1],
  createdAt: Date,
): Role {
  const entries = Object.entries(policies)
  return {
    name,
    path: '/',
    description: '',
    trustPolicy: trust,
    trustText: JSON.stringify(trust),
    maxSessionSeconds: 3600,
    tags: {},
    attached: [],
    createdAt,
    ...other,
    policies: new Map(entries.map(([policyName, policy]) => [policyName, { policy, text: JSON.stringify(policy) }])),
  }
}

const openParts = async (
  { serve }: SandboxContext,
  handlers: Readonly<Record<keyof AwsSandbox['parts'], Parameters<SandboxContext['serve']>[0]>>,
): Promise<AwsSandbox['parts']> => ({
  sts: await serve(handlers.sts),
  ecr: await serve(handlers.ecr),
  ecrPublic: await serve(handlers.ecrPublic),
  iam: await serve(handlers.iam),
})

const trustPolicy = (url: string, subject: string): Policy => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Federated: providerArn(url) },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${url}:sub`]: subject, [`${url}:aud`]: audience } },
  },
})

const pullPolicy = (repositoryArn: string): Policy => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: repositoryArn },
    { Effect: 'Allow', Action: ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'], Resource: '*' },
  ],
})
