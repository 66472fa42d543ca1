/** Faults at AWS: the OIDC provider, the role, its policies, and the token service. */
import type { AwsSandbox } from '../../../sandbox/aws/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const role = 'arn:aws:iam::123456789012:role/puller'
const apply = /^pullpass trust apply -f \S+pull\.yaml\nit would /
const replaceTrust =
  /^pullpass trust apply -f \S+pull\.yaml --replace trustPolicy\nrole \S+ exists, and pullpass did not create it/

const { start, cloudOf } = startedClouds('AWS', sandboxVendors.aws)

interface AwsContent {
  /** Of aws, in addition to role, region and trust. */
  readonly aws?: string
  readonly trust?: (cloud: AwsSandbox) => string
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
}

/** A document whose only registry is at AWS. */
const document =
  ({ aws = '', trust = () => '', token }: AwsContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    return await cloudDocument(
      sandbox,
      { token, audiences: [cloud.audience] },
      `
      name: ecr
      aws:
        roleArn: ${role}
        region: eu-west-1
        trust: {repositories: ["${cloud.repositoryArn}"]${trust(cloud)}}
        ${aws}`,
    )
  }

/** A document whose only registry is the public one. */
const publicDocument: DocumentChoice = async (sandbox) => {
  await start(sandbox)
  return {
    text: `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a, team-b]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  attachToServiceAccounts: [default]
  registries:
    - name: ecr-public
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      awsPublic: {roleArn: ${role}}
`,
  }
}

const issuerKey = ({ sandbox }: World) => sandbox.cluster.issuer.replace('https://', '')

/** Changes the OIDC provider of the cluster. */
function changeProvider(world: World, changes: { clientIds?: string[]; thumbprints?: string[] }): void {
  const { providers } = cloudOf(world).account
  const found = providers.get(issuerKey(world))
  if (found !== undefined) providers.set(found.url, { ...found, ...changes })
}

function changeTrust(world: World, change: (condition: Record<string, string>) => Record<string, string>): void {
  const cloud = cloudOf(world)
  const key = issuerKey(world)
  const own = { [`${key}:sub`]: 'system:serviceaccount:image-system:pullpass', [`${key}:aud`]: cloud.audience }
  const found = cloud.account.roles.get('puller')
  const policies = Object.fromEntries([...(found?.policies ?? [])].map(([name, { policy }]) => [name, policy]))
  cloud.putRole('puller', {
    trust: {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${key}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: change(own) },
      },
    },
    policies,
  })
}

const trustAgain = (world: World) => cloudOf(world).trust(world.sandbox.cluster.issuer)

const respond = (world: World, code: string, message: string, status = 400) =>
  cloudOf(world).parts.sts.faults.inject({
    kind: 'response',
    response: { status, body: { Error: { Type: 'Sender', Code: code, Message: message } } },
  })

const clear = (world: World) => cloudOf(world).parts.sts.faults.clear()

export const awsFaults: readonly Fault[] = [
  {
    title: 'at AWS: the role has no policy for tokens of ECR',
    document: document(),
    plant(world) {
      const cloud = cloudOf(world)
      const trust = cloud.account.roles.get('puller')?.trustPolicy
      if (trust !== undefined) cloud.putRole('puller', { trust })
    },
    hop: 'exchange/authorization',
    code: 'IMPERSONATION_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply,
    repair: 'command',
  },
  {
    title: 'at AWS: the account has no OIDC provider for the issuer',
    document: document(),
    plant: (world) => cloudOf(world).account.providers.delete(issuerKey(world)),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /No OpenIDConnect provider found in your account for https:/,
    fix: apply,
    repair: 'command',
  },
  {
    title: 'at AWS: the OIDC provider is of another issuer',
    document: document(),
    plant(world) {
      const { providers } = cloudOf(world).account
      const found = providers.get(issuerKey(world))
      providers.clear()
      if (found !== undefined) providers.set('oidc.example.com', { ...found, url: 'oidc.example.com' })
    },
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^pullpass trust apply .*\nit would create provider arn:aws:iam::123456789012:oidc-provider\//,
    repair: 'command',
  },
  {
    title: 'at AWS: the OIDC provider has another client id',
    document: document(),
    plant: (world) => changeProvider(world, { clientIds: ['kubernetes'] }),
    hop,
    code: 'AUDIENCE_REFUSED',
    seen: /Incorrect token audience/,
    fix: /^pullpass trust apply .* --replace clientIds\nprovider \S+ exists, pullpass did not create it, and it accepts the client ids kubernetes/,
    repair: 'command',
  },
  {
    title: 'at AWS: the thumbprint of a private certificate authority has changed',
    document: document({ trust: ({ thumbprint }) => `, thumbprints: ["${thumbprint}"]` }),
    before: async (world) => {
      cloudOf(world).adjust({ issuerAuthority: 'private' })
      changeProvider(world, { thumbprints: [cloudOf(world).thumbprint] })
    },
    plant: (world) => changeProvider(world, { thumbprints: ['a'.repeat(40)] }),
    hop,
    code: 'CERTIFICATE_UNTRUSTED',
    seen: /doesn't match configured thumbprint/,
    fix: /^pullpass trust apply .* --replace thumbprints\nits thumbprints are unchanged: a{40}/,
    repair: 'command',
  },
  {
    title: 'at AWS: the role does not exist',
    document: document(),
    plant: (world) => cloudOf(world).account.roles.delete('puller'),
    hop,
    code: 'CONDITION_REFUSED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply .*\nit would create role arn:aws:iam::123456789012:role\/puller/,
    repair: 'command',
  },
  {
    title: 'at AWS: the role trusts another service account',
    document: document(),
    plant: (world) =>
      changeTrust(world, (own) => ({ ...own, [`${issuerKey(world)}:sub`]: 'system:serviceaccount:ci:deployer' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: replaceTrust,
    repair: 'command',
  },
  {
    title: 'at AWS: the role trusts another audience',
    document: document(),
    plant: (world) => changeTrust(world, (own) => ({ ...own, [`${issuerKey(world)}:aud`]: 'kubernetes' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: replaceTrust,
    repair: 'command',
  },
  {
    title: 'at AWS: the role may not pull from the repository',
    document: document(),
    plant(world) {
      const cloud = cloudOf(world)
      const trust = cloud.account.roles.get('puller')?.trustPolicy
      const token = { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' } as const
      if (trust !== undefined)
        cloud.putRole('puller', { trust, policies: { token: { Version: '2012-10-17', Statement: token } } })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    seen: /ecr:BatchGetImage/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply,
    repair: 'command',
  },
  ...commonFaults('AWS', { document, audiences: ['sts.amazonaws.com'] }),
  {
    title: 'at AWS: the role permits shorter sessions than the document requests',
    document: document({ aws: 'sessionDuration: 1h' }),
    plant(world) {
      const cloud = cloudOf(world)
      const found = cloud.account.roles.get('puller')
      if (found !== undefined) cloud.account.roles.set('puller', { ...found, maxSessionSeconds: 1800 })
    },
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /^shorten aws\.sessionDuration, or raise the role's maximum session duration/,
    repair: trustAgain,
  },
  {
    title: 'at AWS: the token service is not active in the region',
    document: document(),
    plant: (world) => respond(world, 'RegionDisabledException', 'STS is not activated in this region', 403),
    hop,
    code: 'API_DISABLED',
    fix: /^activate it in the account settings of IAM, or set aws\.stsRegion/,
    repair: clear,
  },
  {
    title: 'at AWS: the token service is throttled',
    document: document(),
    plant: (world) => respond(world, 'Throttling', 'Rate exceeded'),
    hop,
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if this is temporary/,
    repair: clear,
  },
  {
    title: 'at AWS, the public registry: the account has no OIDC provider for the issuer',
    document: publicDocument,
    plant: (world) => cloudOf(world).account.providers.delete(issuerKey(world)),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /No OpenIDConnect provider found in your account for https:/,
    fix: apply,
    repair: 'command',
  },
  {
    title: 'at AWS, the public registry: the role trusts another service account',
    document: publicDocument,
    plant: (world) =>
      changeTrust(world, (own) => ({ ...own, [`${issuerKey(world)}:sub`]: 'system:serviceaccount:ci:deployer' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: replaceTrust,
    repair: 'command',
  },
  {
    title: 'at AWS, the public registry: the role has only the policy of private registries',
    document: publicDocument,
    plant(world) {
      const cloud = cloudOf(world)
      const trust = cloud.account.roles.get('puller')?.trustPolicy
      const token = { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' } as const
      if (trust !== undefined)
        cloud.putRole('puller', { trust, policies: { token: { Version: '2012-10-17', Statement: token } } })
    },
    hop: 'exchange/authorization',
    code: 'IMPERSONATION_DENIED',
    seen: /ecr-public:GetAuthorizationToken/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply,
    repair: 'command',
  },
  {
    title: 'at AWS, the public registry: requests for authorization tokens are throttled',
    document: publicDocument,
    plant: (world) =>
      cloudOf(world).parts.ecrPublic.faults.inject({
        kind: 'response',
        response: { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } },
      }),
    hop: 'exchange/authorization',
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if this is temporary/,
    repair: (world) => cloudOf(world).parts.ecrPublic.faults.clear(),
  },
]
