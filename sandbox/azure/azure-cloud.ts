/** Azure: a tenant of Microsoft Entra, container registries and role assignments, and the services that share this state. */
import type { SandboxHandler } from '../serve/handler.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { type ContainerRegistries, createContainerRegistries } from './container-registry.ts'
import { createDirectory, type Directory } from './directory.ts'
import type { EntraNeeds } from './entra.ts'
import { entra } from './entra.ts'
import { graph } from './graph.ts'
import { createOperators, type Operators } from './operators.ts'
import { resourceManager } from './resource-manager.ts'
import { type ContainerRegistry, createRoleAssignments, type RoleAssignments } from './role-assignments.ts'
import { type AzureTimes, createTimes } from './times.ts'

export interface AzureCloud {
  readonly directory: Directory
  readonly tokens: AccessTokens
  readonly roleAssignments: RoleAssignments
  /** By login server. */
  readonly registries: Map<string, ContainerRegistry>
  readonly entra: SandboxHandler
  readonly containerRegistry: SandboxHandler
  readonly resourceManager: SandboxHandler
  readonly graph: SandboxHandler
  readonly operators: Operators
  readonly times: AzureTimes
  /** The holder of a refresh token of a registry. */
  readonly authenticate: ContainerRegistries['authenticate']
}

export interface AzureCloudNeeds extends Pick<EntraNeeds, 'readKeys' | 'now'> {
  readonly tenantId: string
}

const resources = [
  'https://containerregistry.azure.net',
  'https://management.azure.com',
  'https://graph.microsoft.com',
  'https://storage.azure.com',
]

export function createAzureCloud({ tenantId, readKeys, now }: AzureCloudNeeds): AzureCloud {
  const directory = createDirectory(tenantId)
  const tokens = createAccessTokens(tenantId, now)
  const roleAssignments = createRoleAssignments(now)
  const registries = new Map<string, ContainerRegistry>()
  const [operators, times] = [createOperators(), createTimes(now)]
  const shared = { tokens, registries, roleAssignments, tenantId, now }
  const { handle, authenticate } = createContainerRegistries(shared)
  return {
    directory,
    tokens,
    roleAssignments,
    registries,
    entra: entra({ directory, tokens, resources, readKeys, now }),
    containerRegistry: handle,
    resourceManager: resourceManager({ ...shared, directory, operators, times }),
    graph: graph({ directory, tokens, operators, times }),
    operators,
    times,
    authenticate,
  }
}
