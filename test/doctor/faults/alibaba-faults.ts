/** Faults at Alibaba Cloud: the OIDC provider, the role, its policies, and the token service. */
import { createHash } from 'node:crypto'
import type { OidcProvider } from '../../../sandbox/alibaba/account.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const apply = /^pullpass trust apply -f \S+pull\.yaml\nit would /

const { start, cloudOf } = startedClouds('Alibaba Cloud', sandboxVendors.alibaba)

/** A document whose only registry is at Alibaba Cloud. */
const document =
  ({ token, trust }: { readonly token?: 'in a file'; readonly trust?: 'absent' } = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    const names = `trust: {repositories: ["${sandbox.trusted.repository}/*"], fingerprints: ["${cloud.fingerprint}"]}`
    return await cloudDocument(
      sandbox,
      { token, audiences: [cloud.audience] },
      `
      name: alibaba
      alibaba:
        roleArn: ${cloud.roleArn}
        oidcProviderArn: ${cloud.oidcProviderArn}
        region: ${cloud.region}
        instanceId: ${cloud.instanceId}
        ${trust === 'absent' ? '' : names}`,
    )
  }

const providerOf = (world: World) => cloudOf(world).account.providers.get('cluster')

function changeProvider(world: World, changes: Partial<OidcProvider>): void {
  const found = providerOf(world)
  if (found !== undefined) cloudOf(world).account.providers.set(found.name, { ...found, ...changes })
}

/** As pullpass created it, with another text of its trust policy. */
function changeTrust(world: World, from: string, to: string): void {
  const { roles } = cloudOf(world).account
  const found = roles.get('puller')
  const mark = createHash('sha256').update(world.sandbox.cluster.issuer).digest('hex').slice(0, 12)
  if (found === undefined || !found.trust.includes(from)) throw new Error(`the trust policy does not contain ${from}`)
  roles.set('puller', { ...found, description: `pullpass:${mark} pulls images`, trust: found.trust.replace(from, to) })
}

/** The role has no other policy than one that allows this action on everything. */
function allowOnly(world: World, action: string): void {
  const { policies } = cloudOf(world).account
  const text = JSON.stringify({ Version: '1', Statement: { Effect: 'Allow', Action: action, Resource: '*' } })
  policies.set('pull', { name: 'pull', description: '', versions: [{ id: 'v1', text }], current: 'v1', users: [] })
}

const respond = (world: World, Code: string, Message: string, status: number) =>
  cloudOf(world).parts.sts.faults.inject(
    { kind: 'response', response: { status, body: { Code, Message } } },
    { when: ({ query }) => query?.get('Action') === 'AssumeRoleWithOIDC' },
  )

const clear = (world: World) => cloudOf(world).parts.sts.faults.clear()
const trustAgain = (world: World) => cloudOf(world).trust(world.sandbox.cluster.issuer)

export const alibabaFaults: readonly Fault[] = [
  {
    title: 'at Alibaba Cloud: the OIDC provider has another client id',
    document: document(),
    plant: (world) => changeProvider(world, { clientIds: ['kubernetes'] }),
    hop,
    code: 'AUDIENCE_REFUSED',
    seen: /AudienceNotMatch: Invalid audience/,
    fix: /^pullpass trust apply .* --replace clientIds\nprovider \S+ exists, pullpass did not create it, and it accepts the client ids kubernetes/,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the OIDC provider does not exist',
    document: document(),
    plant: (world) => cloudOf(world).account.providers.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /No such OIDC Provider registered/,
    fix: /^pullpass trust apply .*\nit would create provider acs:ram::123456789012:oidc-provider\/cluster/,
    repair: 'command',
  },
  {
    title:
      'at Alibaba Cloud: the OIDC provider does not exist, and the document has no trust, without which trust apply fails',
    document: document({ trust: 'absent' }),
    plant: (world) => cloudOf(world).account.providers.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^set alibaba\.trust \(repositories and fingerprints\) in the document; then: pullpass trust apply -f \S+pull\.yaml; or: /,
    repair: trustAgain,
  },
  {
    title: 'at Alibaba Cloud: the OIDC provider is of another issuer',
    document: document(),
    plant: (world) => changeProvider(world, { issuer: 'https://prod.example.com' }),
    hop,
    code: 'ISSUER_REFUSED',
    seen: /IssuerNotMatch/,
    fix: /provider \S+ exists, for issuer https:\/\/prod\.example\.com; set another name in alibaba\.oidcProviderArn/,
    repair: trustAgain,
  },
  {
    title: 'at Alibaba Cloud: the certificate authority of the issuer has another fingerprint',
    document: document(),
    plant: (world) => changeProvider(world, { fingerprints: ['a'.repeat(40)] }),
    hop,
    code: 'CERTIFICATE_UNTRUSTED',
    seen: /PublicKeyFingerprintMismatch/,
    fix: /^pullpass trust apply .* --replace fingerprints\nits fingerprints are unchanged: a{40}/,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the role does not exist',
    document: document(),
    plant: (world) => cloudOf(world).account.roles.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /The role not exists: acs:ram::123456789012:role\/puller/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply .*\nit would create role acs:ram::123456789012:role\/puller/,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the role trusts another service account',
    document: document(),
    plant: (world) => changeTrust(world, 'image-system:pullpass', 'ci:deployer'),
    hop,
    code: 'CONDITION_REFUSED',
    seen: /AuthenticationFail\.NoPermission: There is no permission/,
    fix: /^pullpass trust apply .*\nit would update role acs:ram::123456789012:role\/puller/,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the role trusts another audience',
    document: document(),
    plant: (world) => changeTrust(world, '"sts.aliyuncs.com"', '"kubernetes"'),
    hop,
    code: 'CONDITION_REFUSED',
    fix: /^pullpass trust apply .*\nit would update role acs:ram::123456789012:role\/puller/,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the role may not request authorization tokens',
    document: document(),
    plant: (world) => allowOnly(world, 'cr:PullRepository'),
    hop: 'exchange/authorization',
    code: 'IMPERSONATION_DENIED',
    seen: /Action: cr:GetAuthorizationToken/,
    fix: apply,
    repair: 'command',
  },
  {
    title: 'at Alibaba Cloud: the role may not pull from the repository',
    document: document(),
    plant: (world) => allowOnly(world, 'cr:GetAuthorizationToken'),
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: apply,
    repair: 'command',
  },
  ...commonFaults('Alibaba Cloud', { document, audiences: ['sts.aliyuncs.com'] }),
  {
    title: 'at Alibaba Cloud: the token service is throttled',
    document: document(),
    plant: (world) => respond(world, 'Throttling.User', 'Request was denied due to user flow control.', 400),
    hop,
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if this is temporary/,
    repair: clear,
  },
]
