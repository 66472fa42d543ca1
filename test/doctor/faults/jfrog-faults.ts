/** Faults at JFrog: the integration, its identity mappings, the user, its permission and the lifetime of its tokens. */
import { type Integration, type Mapping, mappingKey } from '../../../sandbox/jfrog/platform-state.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const audience = 'https://pull.example.com'
const apply = String.raw`^pullpass trust apply -f \S+pull\.yaml\n`
const createsMapping = new RegExp(
  `${apply}it would create mapping pullpass-\\S+ of cluster: system:serviceaccount:image-system:pullpass with audience https://pull\\.example\\.com acts as user puller`,
)
const { start, cloudOf } = startedClouds('JFrog', sandboxVendors.jfrog)

interface JfrogContent {
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
  /** Absent: the repository. */
  readonly repositories?: string
  readonly trust?: 'absent'
}

/** A document whose only registry is at JFrog. */
const document =
  ({ token, repositories, trust }: JfrogContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    cloud.trusted.audience = audience
    const names = `trust: {repositories: [${repositories ?? cloud.repository}], username: ${cloud.username}}`
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: jfrog
      audience: ${audience}
      jfrog:
        url: "${cloud.url}"
        providerName: cluster
        ${trust === 'absent' ? '' : names}`,
    )
  }

function changeIntegration(world: World, change: Partial<Integration>): void {
  const { integrations } = cloudOf(world).state
  for (const one of integrations.values()) integrations.set(one.name, { ...one, ...change })
}

function changeMapping(world: World, change: (mapping: Mapping) => Partial<Mapping>): void {
  const { mappings } = cloudOf(world).state
  for (const one of mappings.values()) mappings.set(mappingKey(one), { ...one, ...change(one) })
}

const expiresIn =
  (expires_in: number) =>
  ({ token_spec }: Mapping): Partial<Mapping> => ({ token_spec: { ...token_spec, expires_in } })

/** What an operator set up by hand is replaced by what pullpass creates. */
async function setUpByPullpass(world: World): Promise<void> {
  const { integrations, mappings, permissions } = cloudOf(world).state
  for (const all of [integrations, mappings, permissions]) all.clear()
  await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
}

export const jfrogFaults: readonly Fault[] = [
  {
    title: 'at JFrog: the integration has no identity mapping',
    document: document(),
    plant: (world) => cloudOf(world).state.mappings.clear(),
    hop,
    code: 'CONDITION_REFUSED',
    fix: createsMapping,
    repair: 'command',
  },
  {
    title: 'at JFrog: the integration was deleted',
    document: document(),
    plant(world) {
      const { integrations, mappings } = cloudOf(world).state
      for (const all of [integrations, mappings]) all.clear()
    },
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: new RegExp(`${apply}it would create integration cluster: issuer https://`),
    repair: 'command',
  },
  ...(
    [
      ['PROVIDER_NOT_FOUND', 'integrations', hop],
      ['REGISTRY_DENIED', 'permissions', 'registry'],
    ] as const
  ).map(
    ([code, missing, at]): Fault => ({
      title: `at JFrog: the ${missing} were deleted, and the document has no trust, without which trust apply fails`,
      document: document({ trust: 'absent' }),
      plant: (world) => cloudOf(world).state[missing].clear(),
      hop: at,
      code,
      ...(code === 'REGISTRY_DENIED' && { besides: ['STORED_CREDENTIAL_REFUSED'] }),
      fix: /^set jfrog\.trust \(repositories, and username or group\) in the document; then: pullpass trust apply -f \S+pull\.yaml; (?:or:|also) /,
      async repair(world) {
        const cloud = cloudOf(world)
        await cloud.trust(world.sandbox.cluster.issuer)
        cloud.trusted.audience = audience
      },
    }),
  ),
  {
    title: 'at JFrog: the integration that pullpass created has another issuer',
    document: document(),
    before: setUpByPullpass,
    plant: (world) => changeIntegration(world, { issuer_url: 'https://127.0.0.1:1' }),
    hop,
    code: 'ISSUER_UNREACHABLE',
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace issuer\nintegration cluster has the issuer https:\/\/127\.0\.0\.1:1; check first why that was done, or correct the documents$/,
    repair: 'command',
  },
  {
    title: 'at JFrog: the integration expects another issuer in tokens',
    document: document(),
    plant: (world) => changeIntegration(world, { token_issuer: 'https://oidc.example.com/another' }),
    hop,
    code: 'EXCHANGE_REFUSED',
    fix: /^integration cluster has the issuer https:\/\/oidc\.example\.com\/another; set another jfrog\.providerName/,
    async repair(world) {
      cloudOf(world).state.integrations.clear()
      await setUpByPullpass(world)
    },
  },
  {
    title: 'at JFrog: the mapping is for another audience',
    document: document(),
    plant(world) {
      cloudOf(world).trusted.audience = 'https://other.example.com'
    },
    hop,
    code: 'CONDITION_REFUSED',
    fix: createsMapping,
    repair: 'command',
  },
  {
    title: 'at JFrog: the mapping that pullpass created is for another service account',
    document: document(),
    before: setUpByPullpass,
    plant(world) {
      cloudOf(world).trusted.subject = 'system:serviceaccount:ci:deployer'
    },
    hop,
    code: 'CONDITION_REFUSED',
    fix: new RegExp(
      `${apply}it would update mapping pullpass-\\S+ of cluster: accepts exactly system:serviceaccount:image-system:pullpass with audience \\S+, instead of system:serviceaccount:ci:deployer$`,
    ),
    repair: 'command',
  },
  {
    title: 'at JFrog: another mapping comes first',
    document: document(),
    plant(world) {
      const { state } = cloudOf(world)
      changeMapping(world, () => ({ priority: 2 }))
      const other: Mapping = {
        name: 'guests',
        provider_name: 'cluster',
        priority: 1,
        claims: {},
        token_spec: { username: 'guest', scope: 'applied-permissions/user', expires_in: 3600 },
      }
      state.mappings.set(mappingKey(other), other)
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    fix: /^mapping guests with priority 1 also accepts system:serviceaccount:image-system:pullpass, as user guest; check who created it/,
    repair: (world) => cloudOf(world).state.mappings.delete('cluster guests'),
  },
  {
    title: 'at JFrog: tokens are valid for 60 seconds, by JFrog’s default',
    document: document(),
    plant: (world) => changeMapping(world, expiresIn(60)),
    hop,
    code: 'CREDENTIAL_SHORT_LIVED',
    result: 'warning',
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace lifetime\nmapping pullpass issues tokens for 60 s; check first why that was done, or correct the documents$/,
    repair: 'command',
  },
  {
    title: 'at JFrog: the mapping that pullpass created was changed to a short lifetime',
    document: document(),
    before: setUpByPullpass,
    plant: (world) => changeMapping(world, expiresIn(120)),
    hop,
    code: 'CREDENTIAL_SHORT_LIVED',
    result: 'warning',
    fix: new RegExp(`${apply}it would update mapping pullpass-\\S+ of cluster: tokens for 3600 s, instead of 120 s$`),
    repair: 'command',
  },
  {
    title: 'at JFrog: the user has no permission',
    document: document(),
    plant: (world) => cloudOf(world).state.permissions.clear(),
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: new RegExp(`${apply}it would create permission pullpass-\\S+: user puller may read example-project; `),
    repair: 'command',
  },
  {
    title: 'at JFrog: the user may read another path of the repository',
    document: document({ repositories: 'example-project/images' }),
    before: setUpByPullpass,
    plant(world) {
      const { permissions } = cloudOf(world).state
      const targets = { 'example-project': { include_patterns: ['other/**'], exclude_patterns: [] } }
      for (const { name, resources } of permissions.values()) {
        const actions = resources['artifact']?.actions ?? { users: {}, groups: {} }
        permissions.set(name, { name, resources: { artifact: { actions, targets } } })
      }
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: new RegExp(
      `${apply}it would update permission pullpass-\\S+: only user puller may only read example-project \\(images/\\*\\*\\)`,
    ),
    repair: 'command',
  },
  {
    title: 'at JFrog: the user is disabled',
    document: document(),
    plant(world) {
      const { users } = cloudOf(world).state
      users.set('puller', { admin: false, status: 'disabled', groups: [] })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^user puller is disabled; check who changed it, and enable it/,
    repair: (world) => cloudOf(world).state.users.set('puller', { admin: false, status: 'enabled', groups: [] }),
  },
  {
    title: 'at JFrog: the repository of the document is a virtual one',
    document: document(),
    plant(world) {
      const { repositories, permissions } = cloudOf(world).state
      permissions.clear()
      repositories.set('example-project', { rclass: 'virtual', repositories: ['docker-local'] })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^repository example-project is a virtual one, to which permissions do not apply; name those of them that are pulled in jfrog\.trust\.repositories: docker-local/,
    async repair(world) {
      cloudOf(world).state.repositories.set('example-project', { rclass: 'local' })
      await setUpByPullpass(world)
    },
  },
  ...commonFaults('JFrog', { document, audiences: [audience] }),
]
