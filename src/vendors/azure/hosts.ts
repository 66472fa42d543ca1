/** Login servers. https://learn.microsoft.com/azure/container-registry/container-registry-concepts */
import type { DraftOf } from '../vendor.ts'
import { cloudOf } from './names.ts'

const idOf = (type: string, name: string) =>
  `/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/${type}/${name}`

export const draft: DraftOf = (host) => {
  const cloud = cloudOf(host)
  if (cloud === undefined) return undefined
  return {
    name: 'acr',
    facts: `cloud ${cloud}`,
    fields: [
      { name: 'tenantId', comment: 'The Entra tenant of the identity. az account show --query tenantId prints it' },
      { name: 'clientId', comment: 'The client id of the application or managed identity that may pull' },
    ],
    trust: [
      'trust:',
      `  registryId: ${idOf('Microsoft.ContainerRegistry/registries', /^[a-z0-9]+/.exec(host)?.[0] ?? 'NAME')}`,
      '  # only for a managed identity:',
      `  # managedIdentityId: ${idOf('Microsoft.ManagedIdentity/userAssignedIdentities', 'NAME')}`,
    ],
  }
}
