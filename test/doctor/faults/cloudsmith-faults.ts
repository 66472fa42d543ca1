/** Faults at Cloudsmith: the service account, the OpenID Connect provider, and the privilege on the repository. */
import type { Provider } from '../../../sandbox/cloudsmith/organization-state.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import type { Fault } from '../fault.ts'
import type { World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
/** Its responses do not state the cause: what doctor names is found in the resources. */
const code = 'EXCHANGE_REFUSED'
const audience = 'https://pull.example.com'
const creates =
  /^pullpass trust apply -f \S+pull\.yaml\nit would create provider example-project\/pullpass-\S+ for https:\/\/\S+: tokens with sub system:serviceaccount:image-system:pullpass and aud https:\/\/pull\.example\.com sign in as puller$/
const { start, cloudOf } = startedClouds('Cloudsmith', sandboxVendors.cloudsmith)

/** A document whose only registry is at Cloudsmith. The token is requested from the cluster unless it is in a file. */
const document =
  ({ token, service }: { readonly token?: 'in a file'; readonly service?: string } = {}) =>
  async (sandbox: TestSandbox): Promise<{ readonly text: string }> => {
    const cloud = await start(sandbox)
    cloud.trusted.audience = audience
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: cloudsmith
      audience: ${audience}
      cloudsmith:
        organization: ${cloud.organization}
        service: ${service ?? cloud.service}
        endpoint: "${cloud.url}"
        trust: {repositories: [${cloud.repository}]}`,
    )
  }

/** Changes the provider of the cluster. */
function changeProvider(world: Pick<World, 'sandbox'>, change: Partial<Provider>): void {
  const { providers } = cloudOf(world).state
  for (const one of providers.values()) providers.set(one.slug_perm, { ...one, ...change })
}

/** The only service account, with its provider and privilege. */
function rename(world: Pick<World, 'sandbox'>, slug: string): void {
  const { services, repositories } = cloudOf(world).state
  const [found] = services.values()
  services.clear()
  if (found !== undefined) services.set(slug, { ...found, slug, name: slug })
  changeProvider(world, { service_accounts: [slug] })
  for (const [repository, all] of repositories)
    repositories.set(
      repository,
      all.map((one) => ('service' in one ? { ...one, service: slug } : one)),
    )
}

/** What an operator set up by hand is replaced by what pullpass creates. */
async function setUpByPullpass(world: World): Promise<void> {
  const { providers } = cloudOf(world).state
  providers.clear()
  await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
}

const replaces = (field: string, seen: string) =>
  new RegExp(
    `^pullpass trust apply -f \\S+pull\\.yaml --replace ${field}\\nprovider (?:cluster|pullpass-\\S+) of example-project ${seen}; check first why that was done, or correct the documents$`,
  )

export const cloudsmithFaults: readonly Fault[] = [
  {
    title: 'at Cloudsmith: the provider was deleted',
    document: document(),
    plant: (world) => cloudOf(world).state.providers.clear(),
    hop,
    code,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider is disabled',
    document: document(),
    plant: (world) => changeProvider(world, { enabled: false }),
    hop,
    code,
    fix: replaces('enabled', 'is disabled'),
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider is for another audience',
    document: document(),
    plant(world) {
      cloudOf(world).trusted.audience = 'https://other.example.com'
    },
    hop,
    code,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider that pullpass created is for another audience',
    document: document(),
    before: setUpByPullpass,
    plant(world) {
      cloudOf(world).trusted.audience = 'https://other.example.com'
    },
    hop,
    code,
    fix: replaces('claims', 'accepts tokens with sub \\S+ and aud https://other\\.example\\.com'),
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider is for another service account of the cluster',
    document: document(),
    plant(world) {
      cloudOf(world).trusted.subject = 'system:serviceaccount:ci:deployer'
    },
    hop,
    code,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider has the issuer of another cluster',
    document: document(),
    plant: (world) => changeProvider(world, { provider_url: 'https://oidc.example.com/another' }),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would create provider example-project\/pullpass-.*; other clusters would get the same permissions: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/oidc\.example\.com\/another\) signs in as it; /,
    unrun: 'it prompts on the terminal',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--share-trust-domain', '--yes']),
  },
  {
    title: 'at Cloudsmith: the provider that pullpass created has another issuer',
    document: document(),
    before: setUpByPullpass,
    plant: (world) => changeProvider(world, { provider_url: 'https://oidc.example.com/another' }),
    hop,
    code,
    fix: replaces('providerUrl', 'has the provider URL https://oidc\\.example\\.com/another'),
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider does not permit the service account',
    document: document(),
    plant: (world) => changeProvider(world, { service_accounts: [] }),
    hop,
    code,
    fix: replaces('serviceAccounts', 'is for the tokens of the documents, and signs in as none'),
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the provider maps another claim to the service account',
    document: document(),
    before: setUpByPullpass,
    plant: (world) =>
      changeProvider(world, {
        service_accounts: [],
        mapping_claim: 'sub',
        mappings: [{ claim_value: 'system:serviceaccount:ci:deployer', service_account: 'puller' }],
      }),
    hop,
    code,
    fix: replaces('serviceAccounts', 'is for .*, and signs in as those to which the claim sub leads'),
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the service account was deleted',
    document: document(),
    plant: (world) => cloudOf(world).state.services.clear(),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would create service account example-project\/puller, for which Cloudsmith also creates an API key/,
    repair: 'command',
  },
  {
    title: 'at Cloudsmith: the document misspells the service account',
    async document(sandbox) {
      const content = await document({ service: 'pulller' })(sandbox)
      rename({ sandbox }, 'pulller')
      return content
    },
    plant: (world) => rename(world, 'puller'),
    hop,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    code,
    fix: /^example-project\/pulller does not exist or may not be read, and example-project\/puller is for the tokens of this cluster: use that one in the documents/,
    repair: (world) => rename(world, 'pulller'),
  },
  {
    title: 'at Cloudsmith: the service account that pullpass created has another slug',
    document: document(),
    before: setUpByPullpass,
    async plant(world) {
      const { state } = cloudOf(world)
      state.services.clear()
      state.taken.add('puller')
      await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
    },
    hop,
    code,
    fix: /^example-project\/puller does not exist or may not be read, and example-project\/puller-[0-9a-f]{4} is for the tokens of this cluster: use that one in the documents/,
    repair(world) {
      const { services, taken } = cloudOf(world).state
      const [found] = services.values()
      services.clear()
      taken.clear()
      if (found !== undefined) services.set('puller', { ...found, slug: 'puller' })
    },
  },
  {
    title: 'at Cloudsmith: the service account has no privilege on the repository',
    document: document(),
    plant(world) {
      cloudOf(world).settings.pulls = false
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would grant Read on repository example-project\/images to service account example-project\/puller/,
    repair: 'command',
  },
  ...commonFaults('Cloudsmith', { document, audiences: [audience] }),
]
