/** The sandbox's Azure: a tenant with a managed identity, a container registry, and an operator. */
import { randomUUID } from 'node:crypto'
import { readPublishedKeys } from '../issuer/published-keys.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxCloud, SandboxVendor } from '../vendor.ts'
import { type AzureCloud, createAzureCloud } from './azure-cloud.ts'
import type { Application } from './directory.ts'
import { roles } from './role-assignments.ts'

type PartName = 'entra' | 'containerRegistry' | 'resourceManager' | 'graph'

export interface AzureSandbox extends AzureCloud, SandboxCloud {
  readonly parts: Readonly<Record<PartName, Part>>
  readonly tenantId: string
  /** An application that trusts the cluster, and may pull. */
  readonly puller: Application
  /** May configure trust; `environment` contains its credentials. */
  readonly operator: Application
  /** Resource id of the registry. */
  readonly registryId: string
  /** Of the registry: `example.azurecr.io`. */
  readonly loginServer: string
}

const tenantId = '11111111-2222-4333-8444-555555555555'
const clientId = '66666666-7777-4888-9999-aaaaaaaaaaaa'
const loginServer = 'example.azurecr.io'
const group = '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers'
const registryId = `${group}/Microsoft.ContainerRegistry/registries/example`
const audience = 'api://AzureADTokenExchange'

export const azure: SandboxVendor<AzureSandbox> = {
  async open({ now, issuers, serve, subject }) {
    const readKeys = (issuer: string) => readPublishedKeys({ issuerUri: issuer }, issuers)
    const cloud = createAzureCloud({ tenantId, readKeys, now })
    const parts = {
      entra: await serve(cloud.entra),
      containerRegistry: await serve(cloud.containerRegistry),
      resourceManager: await serve(cloud.resourceManager),
      graph: await serve(cloud.graph),
    }
    cloud.registries.set(loginServer, { id: registryId, loginServer, roleAssignmentMode: 'LegacyRegistryPermissions' })
    const operator = cloud.directory.addApplication({ displayName: 'operator', secret: randomUUID() })
    cloud.operators.put(operator.principalId)
    const puller = cloud.directory.addApplication({ clientId, displayName: 'pullpass' })
    return {
      ...cloud,
      parts,
      tenantId,
      puller,
      operator,
      registryId,
      loginServer,
      environment: {
        AZURE_AUTHORITY_HOST: parts.entra.url,
        PULLPASS_AZURE_REGISTRY_ENDPOINT: parts.containerRegistry.url,
        PULLPASS_AZURE_RESOURCE_MANAGER_ENDPOINT: parts.resourceManager.url,
        PULLPASS_AZURE_GRAPH_ENDPOINT: parts.graph.url,
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: operator.clientId,
        AZURE_CLIENT_SECRET: operator.secret ?? '',
      },
      registryVariables: {},
      audience,
      trust(issuer) {
        const credential = { id: 'cluster', name: 'cluster', issuer, subject, audiences: [audience] }
        puller.credentials.set('cluster', { ...credential, effectiveAt: new Date(0) })
        const { principalId } = puller
        const role = { scope: registryId, principalId, role: roles.acrPull }
        cloud.roleAssignments.put({ name: 'pullpass', ...role, effectiveAt: new Date(0) })
      },
    }
  },
}
