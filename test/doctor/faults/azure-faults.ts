/** Faults at Azure: the identity, its federated credential, its role, the registry, and Microsoft Entra. */

import { addressNotAllowed } from '../../../sandbox/azure/container-registry.ts'
import type { FederatedCredential } from '../../../sandbox/azure/directory.ts'
import { entraError } from '../../../sandbox/azure/entra.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Fault } from '../fault.ts'
import type { DocumentChoice, World } from '../ground.ts'
import { cloudDocument, commonFaults, startedClouds } from './common-faults.ts'

const hop = 'exchange'
const audience = 'api://AzureADTokenExchange'
const creates = /^pullpass trust apply -f \S+pull\.yaml\nit would create federated credential pullpass-/
const { start, cloudOf } = startedClouds('Azure', sandboxVendors.azure)

interface AzureContent {
  /** Of azure, in addition to what is required. */
  readonly more?: string
  /** The token is requested from the cluster unless it is in a file. */
  readonly token?: 'in a file'
}

/** A document whose only registry is at Azure. */
const document =
  ({ more = '', token }: AzureContent = {}): DocumentChoice =>
  async (sandbox) => {
    const cloud = await start(sandbox)
    return await cloudDocument(
      sandbox,
      { token, audiences: [audience] },
      `
      name: acr
      azure:
        tenantId: ${cloud.tenantId}
        clientId: ${cloud.puller.clientId}
        registry: ${cloud.loginServer}
        trust: {registryId: ${cloud.registryId}}
        ${more}`,
    )
  }

/** Changes the federated credential of the cluster. */
function changeCredential(world: World, change: Partial<FederatedCredential>): void {
  const { credentials } = cloudOf(world).puller
  const [own] = credentials.values()
  if (own !== undefined) credentials.set(own.name, { ...own, ...change })
}

/** The response of Entra to every sign-in. */
function respond(world: World, number: number, sentence: string): void {
  const response = entraError({ number, sentence }, world.sandbox.clock.now())
  cloudOf(world).parts.entra.faults.inject({ kind: 'response', response }, { when: isSignIn })
}

/** The operator signs in at the same endpoint. */
const isSignIn = ({ path }: { readonly path: string }) => path.endsWith('/oauth2/v2.0/token')

const clear = (world: World) => {
  const { entra, containerRegistry } = cloudOf(world).parts
  entra.faults.clear()
  containerRegistry.faults.clear()
}

export const azureFaults: readonly Fault[] = [
  {
    title: 'at Azure: the identity has no federated credential',
    document: document(),
    plant: (world) => cloudOf(world).puller.credentials.clear(),
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /AADSTS70025/,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Azure: the issuer of the federated credential that pullpass created was changed',
    document: document(),
    before: async (world) => {
      cloudOf(world).puller.credentials.clear()
      await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
    },
    plant: (world) => changeCredential(world, { issuer: 'https://oidc.example.com/another' }),
    hop,
    code: 'ISSUER_REFUSED',
    seen: /AADSTS700211/,
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace issuer\nfederated credential pullpass-\S+ of \S+ has the issuer https:\/\/oidc\.example\.com\/another/,
    repair: 'command',
  },
  {
    title: 'at Azure: the federated credential is for another cluster',
    document: document(),
    plant: (world) => changeCredential(world, { issuer: 'https://oidc.example.com/another' }),
    hop,
    code: 'ISSUER_REFUSED',
    seen: /AADSTS700211/,
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would create federated credential pullpass-.*; other clusters would get the same permissions: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/oidc\.example\.com\/another\) signs in as it; name a resource of this cluster in the documents, or confirm /,
    unrun: 'it prompts on the terminal',
    repair: async ({ pullpass, file }) =>
      await pullpass(['trust', 'apply', '-f', file, '--share-trust-domain', '--yes']),
  },
  {
    title: 'at Azure: the federated credential is for another service account',
    document: document(),
    plant: (world) => changeCredential(world, { subject: 'system:serviceaccount:ci:deployer' }),
    hop,
    code: 'CONDITION_REFUSED',
    seen: /AADSTS700213/,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Azure: the subject of the federated credential differs in case',
    document: document(),
    plant: (world) => changeCredential(world, { subject: 'system:serviceaccount:image-system:Pullpass' }),
    hop,
    code: 'CONDITION_REFUSED',
    seen: /AADSTS7002138/,
    fix: creates,
    repair: 'command',
  },
  {
    title: 'at Azure: the federated credential is for another audience',
    document: document(),
    plant: (world) => changeCredential(world, { audiences: ['api://other'] }),
    hop,
    code: 'AUDIENCE_REFUSED',
    seen: /AADSTS700212/,
    fix: /^pullpass trust apply -f \S+pull\.yaml --replace audience\nfederated credential cluster of applications\/\S+ accepts the audience api:\/\/other/,
    repair: 'command',
  },
  {
    title: 'at Azure: the application does not exist',
    document: document(),
    plant(world) {
      const cloud = cloudOf(world)
      cloud.directory.remove(cloud.puller.clientId)
    },
    hop,
    code: 'PROVIDER_NOT_FOUND',
    seen: /AADSTS700016/,
    fix: /^az ad sp create .*\napplication 66666666-\S+ does not exist; correct azure\.clientId, or create it and name its client id/,
    unrun: 'the documents must then name what it creates',
    repair: (world) => cloudOf(world).directory.addApplication(cloudOf(world).puller),
  },
  {
    title: 'at Azure: the identity has no role on the registry',
    document: document(),
    plant: (world) => cloudOf(world).roleAssignments.all.clear(),
    hop: 'exchange/registry',
    code: 'REGISTRY_DENIED',
    seen: /^registry example\.azurecr\.io responded with 401/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would assign AcrPull on \S+registries\/example to principal/,
    repair: 'command',
  },
  {
    title: 'at Azure: the registry has repository permissions, and the identity AcrPull',
    document: document(),
    plant(world) {
      const { registries, loginServer, registryId: id } = cloudOf(world)
      registries.set(loginServer, { id, loginServer, roleAssignmentMode: 'AbacRepositoryPermissions' })
    },
    hop: 'exchange/registry',
    code: 'REGISTRY_DENIED',
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would assign Container Registry Repository Reader on /,
    repair: 'command',
  },
  {
    title: 'at Azure: the network rules of the registry exclude this address',
    document: document(),
    plant: (world) =>
      cloudOf(world).parts.containerRegistry.faults.inject({ kind: 'response', response: addressNotAllowed }),
    hop: 'exchange/registry',
    code: 'PERIMETER_DENIED',
    fix: /^az acr show --name example --query '\[publicNetworkAccess,networkRuleSet\]'\nadd the address to the rules, or use the private endpoint of the registry/,
    unrun: 'it shows what is there',
    repair: clear,
  },
  ...commonFaults('Azure', { document, audiences: [audience] }),
  {
    title: 'at Azure: the tenant is throttled',
    document: document(),
    plant: (world) => respond(world, 90055, 'Server terminated the request due to excessive request rate.'),
    hop,
    code: 'QUOTA_EXCEEDED',
    fix: /^no action if this is temporary/,
    repair: clear,
  },
  {
    title: 'at Azure: a Conditional Access policy excludes the identity',
    document: document(),
    plant: (world) => respond(world, 53003, 'Access has been blocked by Conditional Access policies.'),
    hop,
    code: 'PERIMETER_DENIED',
    fix: /^request an exception from an administrator of the tenant/,
    repair: clear,
  },
  {
    title: 'at Azure: a repository of the document is not in the condition of the role',
    document: document({ more: 'repositories: [example-project/images/hello]' }),
    before: async (world) => {
      const { registries, loginServer, registryId: id } = cloudOf(world)
      registries.set(loginServer, { id, loginServer, roleAssignmentMode: 'AbacRepositoryPermissions' })
      await world.pullpass(['trust', 'apply', '-f', world.file, '--yes'])
    },
    plant(world) {
      const { roleAssignments } = cloudOf(world)
      for (const one of roleAssignments.all.values()) {
        if (one.condition === undefined) continue
        roleAssignments.put({ ...one, condition: one.condition.replace('images/hello', 'images/former') })
      }
    },
    hop: 'exchange/repository',
    code: 'REGISTRY_DENIED',
    seen: /grants nothing in repository example-project\/images\/hello; pull was requested/,
    besides: ['STORED_CREDENTIAL_REFUSED'],
    fix: /^pullpass trust apply -f \S+pull\.yaml\nit would change the condition of Container Registry Repository Reader/,
    repair: 'command',
  },
]
