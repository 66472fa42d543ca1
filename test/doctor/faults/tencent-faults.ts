/** Faults at Tencent Cloud: the OIDC provider and its keys, the role, its policy, and the instance of Container Registry. */
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { markOf, provider, role, statementFor } from '../../vendors/tencent/run-trust.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const apply = (change: string) => new RegExp(`^pullpass trust apply -f \\S+pull\\.yaml\\nit would ${change}`)

const { start, cloudOf } = startedClouds('Tencent Cloud', sandboxVendors.tencent)

/** A document whose only registry is at Tencent Cloud. The token is requested from the cluster unless it is in a file. */
const document =
  ({ token }: { readonly token?: 'in a file' } = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    const { tokens } = cloud.parts
    return await cloudDocument(
      sandbox,
      { token, audiences: [cloud.audience] },
      `
      name: tcr
      tencent:
        roleArn: ${role}
        providerId: cluster
        region: eu-frankfurt
        registryId: tcr-example
        endpoints: {sts: "${tokens.url}", tcr: "${tokens.url}"}
        trust: {repositories: ["example-project/images/*"]}`,
    )
  }

const trustAgain = async (world: World) => await cloudOf(world).trust(world.sandbox.cluster.issuer)

/** A role that pullpass created for the cluster, with one other statement than the document needs. */
function putRole(world: World, statement: object): void {
  const { account } = cloudOf(world)
  const found = account.roles.get('puller')
  if (found === undefined) return
  const description = `pullpass:${markOf(world.sandbox.cluster.issuer)} pulls images`
  const trust = JSON.stringify({ version: '2.0', statement: [statement] })
  account.roles.set('puller', { ...found, description, document: trust })
}

/** The key of the cluster, with another value. */
function falsifyKey(world: World): void {
  const { account, changeProvider } = cloudOf(world)
  const { keys } = JSON.parse(Buffer.from(account.providers.get('cluster')?.key ?? '', 'base64').toString())
  const other = keys.map((key: object) => ({ ...key, n: 'u'.repeat(342) }))
  changeProvider({ key: Buffer.from(JSON.stringify({ keys: other })).toString('base64') })
}

/** `of`: a word in the requests that it responds to. */
const respond = (world: World, Code: string, of: string) =>
  cloudOf(world).parts.tokens.faults.inject(
    { kind: 'response', response: { status: 200, body: { Response: { Error: { Code, Message: 'refused' } } } } },
    { when: ({ body }) => body?.includes(of) === true },
  )

const clear = (world: World) => cloudOf(world).parts.tokens.faults.clear()

export const tencentFaults: readonly Fault[] = [
  {
    title: 'at Tencent Cloud: the provider does not have the key that signs',
    document: document(),
    plant: async ({ sandbox }) => sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add()),
    hop,
    code: 'EXCHANGE_REFUSED',
    seen: /InvalidParameter\.WebIdentityTokenError/,
    fix: apply(`update provider ${provider}: keys \\S+ are added; `),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the provider has another key with the same kid',
    document: document(),
    plant: falsifyKey,
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /^pullpass trust apply .* --replace keys\nprovider \S+ exists, but its key \S+ differs from the cluster's key with this kid/,
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the provider does not exist',
    document: document(),
    plant: (world) => cloudOf(world).account.providers.clear(),
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: apply(`create provider ${provider}: issuer `),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the provider is of another issuer',
    document: document(),
    plant: (world) => cloudOf(world).changeProvider({ url: 'https://other.example.com' }),
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /provider \S+ exists, and its issuer is https:\/\/other\.example\.com, not /,
    repair: trustAgain,
    unrun: 'it shows what is there',
  },
  {
    title: 'at Tencent Cloud: the provider is disabled',
    document: document(),
    plant: (world) => cloudOf(world).changeProvider({ status: 2 }),
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /^provider \S+ exists, but it is disabled; check why it was disabled, then enable it in the console$/,
    repair: (world) => cloudOf(world).changeProvider({ status: 11 }),
  },
  {
    title: 'at Tencent Cloud: the provider has another client id',
    document: document(),
    plant: (world) => cloudOf(world).changeProvider({ clientIds: ['kubernetes'] }),
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /^pullpass trust apply .* --replace clientIds\nprovider \S+ exists, pullpass did not create it, and it accepts the client ids kubernetes/,
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the role does not exist',
    document: document(),
    plant: (world) => cloudOf(world).account.roles.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /InternalError\.GetRoleError/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply(`create role ${role}, which trusts `),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the role trusts another service account',
    document: document(),
    plant: (world) =>
      putRole(world, statementFor(world.sandbox.cluster.issuer, { subject: 'system:serviceaccount:ci:deployer' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: apply(`update role ${role}: its trust policy also accepts system:serviceaccount:image-system:pullpass `),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the role trusts another audience',
    document: document(),
    plant: (world) => putRole(world, statementFor(world.sandbox.cluster.issuer, { audience: 'kubernetes' })),
    hop,
    code: 'CONDITION_REFUSED',
    fix: apply(`update role ${role}: its trust policy also accepts `),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the role has no policy',
    document: document(),
    plant: (world) => cloudOf(world).account.attached('puller').clear(),
    hop: 'exchange/authorization',
    code: 'IMPERSONATION_DENIED',
    seen: /tcr:CreateInstanceToken/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply('create policy pullpass-'),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the role may not pull from the repository',
    document: document(),
    plant(world) {
      const { account } = cloudOf(world)
      for (const [id, policy] of account.policies)
        account.policies.set(id, { ...policy, document: policy.document.replace('example-project', 'other') })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply('create policy pullpass-'),
    repair: 'command',
  },
  {
    title: 'at Tencent Cloud: the instance does not exist in the region',
    document: document(),
    plant: (world) => respond(world, 'ResourceNotFound.TcrResourceNotFound', 'RegistryId'),
    hop: 'exchange/authorization',
    code: 'EXCHANGE_REFUSED',
    fix: /^correct registryId and region in the document$/,
    repair: clear,
  },
  {
    title: 'at Tencent Cloud: requests are throttled',
    document: document(),
    plant: (world) => respond(world, 'RequestLimitExceeded', 'WebIdentityToken'),
    hop,
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if it passes$/,
    repair: clear,
  },
  ...commonFaults('Tencent Cloud', { document, audiences: ['sts.tencentcloudapi.com'] }).filter(
    // The key is in the provider, and need not be published.
    ({ hop: of }) => of !== 'key',
  ),
]
