/** Faults at Yandex Cloud: the service account, its federation and federated credential, and its role on the registry. */

import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Federation } from '../../../sandbox/yandex/cloud-state.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
/** Its responses do not state the cause: what doctor names is found in the resources. */
const code = 'EXCHANGE_REFUSED'
const audience = 'https://pull.example.com'
const creates =
  /^pullpass trust apply -f \S+pull\.yaml\nit would create federation pullpass-\S+ in folder b1gexample0123456789: .*; create federated credential of pullpass-/
const { start, cloudOf } = startedClouds('Yandex Cloud', sandboxVendors.yandex)

interface YandexContent {
  /** Absent: the registry. */
  readonly repositories?: string
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
}

const helloRepository = 'crpexample0123456789/example-project/images/hello'

/** A document whose only registry is at Yandex Cloud. */
const document =
  ({ repositories, token }: YandexContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    cloud.trusted.audience = audience
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: yandex
      audience: ${audience}
      yandex:
        serviceAccountId: ${cloud.serviceAccountId}
        endpoint: "${cloud.url}"
        trust: {repositories: [${repositories ?? cloud.registryId}]}`,
    )
  }

/** Changes the federation of the cluster. */
function changeFederation(world: World, change: Partial<Federation>): void {
  const { federations } = cloudOf(world).state
  for (const one of federations.values()) federations.set(one.id, { ...one, ...change })
}

/** What an operator set up by hand is replaced by what pullpass creates. */
async function setUpByPullpass(world: World): Promise<void> {
  const { credentials, federations } = cloudOf(world).state
  credentials.clear()
  federations.clear()
  await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
}

export const yandexFaults: readonly Fault[] = [
  {
    title: 'at Yandex Cloud: the service account has no federated credential',
    document: document(),
    plant: (world) => cloudOf(world).state.credentials.clear(),
    hop,
    code,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the federation was deleted',
    document: document(),
    plant(world) {
      const { credentials, federations } = cloudOf(world).state
      credentials.clear()
      federations.clear()
    },
    hop,
    code,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the federation is disabled',
    document: document(),
    plant: (world) => changeFederation(world, { disabled: true }),
    hop,
    code,
    fix: /^federation cluster is disabled; check who disabled it, and enable federation aje[0-9a-f]{17} in the console$/,
    repair: (world) => changeFederation(world, { disabled: false }),
  },
  {
    title: 'at Yandex Cloud: the federation is for another audience',
    document: document(),
    plant: (world) => changeFederation(world, { audiences: ['https://other.example.com'] }),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace audiences\nfederation cluster accepts the audiences https:\/\/other\.example\.com; check first why that was done, or correct the documents$/,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the federation that pullpass created has lost the audience',
    document: document(),
    before: setUpByPullpass,
    plant: (world) => changeFederation(world, { audiences: ['https://other.example.com'] }),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would update federation pullpass-\S+: audience https:\/\/other\.example\.com, https:\/\/pull\.example\.com$/,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the federation has the issuer of another cluster',
    document: document(),
    plant: (world) => changeFederation(world, { issuer: 'https://oidc.example.com/another' }),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would create federation pullpass-.*; other clusters would get the same permissions: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/oidc\.example\.com\/another\) signs in as it; /,
    unrun: 'it prompts on the terminal',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--share-trust-domain', '--yes']),
  },
  {
    title: 'at Yandex Cloud: the federation that pullpass created was replaced by one with another issuer',
    document: document(),
    before: setUpByPullpass,
    plant: (world) => changeFederation(world, { issuer: 'https://oidc.example.com/another' }),
    hop,
    code,
    fix: /^yc iam workload-identity oidc federation delete --id aje[0-9a-f]{17}\nfederation pullpass-\S+ has the issuer https:\/\/oidc\.example\.com\/another; check who created it/,
    unrun: 'it shows what is there',
    repair: setUpByPullpass,
  },
  {
    title: 'at Yandex Cloud: the federated credential is for another service account of the cluster',
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
    title: 'at Yandex Cloud: the federation reads the keys of another issuer',
    document: document(),
    plant: (world) => changeFederation(world, { jwksUrl: 'https://127.0.0.1:1/jwks' }),
    hop,
    code,
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace jwksUrl\nfederation cluster reads keys from https:\/\/127\.0\.0\.1:1\/jwks; check first why that was done, or correct the documents$/,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the service account does not exist',
    document: document(),
    plant: (world) => cloudOf(world).state.accounts.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    fix: /^yc iam service-account create --name pullpass\nservice account ajeexample0123456789 does not exist; correct yandex\.serviceAccountId, or create it and name its id$/,
    unrun: 'the documents must then name what it creates',
    repair(world) {
      const { state, serviceAccountId: id, folderId } = cloudOf(world)
      state.accounts.set(id, { id, folderId, name: 'pullpass', status: 'ACTIVE' })
    },
  },
  {
    title: 'at Yandex Cloud: the service account is suspended',
    document: document(),
    plant(world) {
      const { accounts } = cloudOf(world).state
      for (const one of accounts.values()) accounts.set(one.id, { ...one, status: 'SUSPENDED' })
    },
    hop,
    code,
    fix: /^service account ajeexample0123456789 has the status SUSPENDED; activate it/,
    repair(world) {
      const { accounts } = cloudOf(world).state
      for (const one of accounts.values()) accounts.set(one.id, { ...one, status: 'ACTIVE' })
    },
  },
  {
    title: 'at Yandex Cloud: the service account has no role on the registry',
    document: document(),
    plant(world) {
      cloudOf(world).settings.pulls = false
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would grant container-registry\.images\.puller on registry crpexample0123456789 to service account ajeexample0123456789/,
    repair: 'command',
  },
  {
    title: 'at Yandex Cloud: the service account has a role on another repository',
    document: document({ repositories: helloRepository }),
    plant(world) {
      const { state, settings, folderId, serviceAccountId } = cloudOf(world)
      settings.pulls = false
      const place = { kind: 'repository', folderId } as const
      const own = { id: 'crpa0000000000000000', name: helloRepository, bindings: [] }
      const subject = { id: serviceAccountId, type: 'serviceAccount' }
      const bindings = [{ roleId: 'container-registry.images.puller', subject }]
      const other = { id: 'crpb0000000000000000', name: `${helloRepository}-other`, bindings }
      for (const one of [own, other]) state.places.set(one.id, { ...place, ...one })
    },
    hop: 'registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would grant container-registry\.images\.puller on repository crpexample0123456789\/example-project\/images\/hello to /,
    repair: 'command',
  },
  ...commonFaults('Yandex Cloud', { document, audiences: [audience] }),
]
