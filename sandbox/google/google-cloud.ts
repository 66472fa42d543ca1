/** Google Cloud, as far as a pull secret and its trust need it: one memory behind each of its APIs. */
import type { SandboxHandler } from '../serve/handler.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { type ArtifactRegistry, createArtifactRegistry } from './artifact-registry.ts'
import { artifactRegistryApi } from './artifact-registry-api.ts'
import { createBindingFlaw } from './binding-flaw.ts'
import { iamApi } from './iam-api.ts'
import { iamCredentials } from './iam-credentials.ts'
import { createIamPolicies, type IamPolicies } from './iam-policies.ts'
import { createOperations } from './operations.ts'
import { createOperators, type Operators } from './operators.ts'
import { createProjects, type Projects } from './projects.ts'
import { readPublishedKeys } from './published-keys.ts'
import { resourceManagerApi } from './resource-manager-api.ts'
import { securityTokenService } from './security-token-service.ts'
import { createServiceAccounts, type ServiceAccounts } from './service-accounts.ts'
import { type GoogleSettings, usualSettings } from './settings.ts'
import { createWorkloadIdentity, type WorkloadIdentity } from './workload-identity.ts'

export interface GoogleCloud {
  readonly sts: SandboxHandler
  readonly iamCredentials: SandboxHandler
  readonly iam: SandboxHandler
  readonly artifactRegistry: SandboxHandler
  readonly resourceManager: SandboxHandler
  readonly identity: WorkloadIdentity
  readonly accounts: ServiceAccounts
  readonly projects: Projects
  readonly operators: Operators
  readonly repositories: ArtifactRegistry
  readonly policies: IamPolicies
  readonly whoHolds: AccessTokens['whoHolds']
  /** Makes an access token without an exchange. */
  readonly grantToken: AccessTokens['grant']
  /** Delays, quotas and ends of operations, from now on. */
  readonly adjust: (settings: Partial<GoogleSettings>) => void
}

export interface GoogleCloudNeeds {
  readonly now: () => Date
  /** PEM, trusted when an issuer's documents are fetched by https. */
  readonly ca?: string
}

export function createGoogleCloud({ now, ca }: GoogleCloudNeeds): GoogleCloud {
  let current = usualSettings
  const settings = () => current
  const policies = createIamPolicies(now)
  const identity = createWorkloadIdentity(now)
  const accounts = createServiceAccounts(policies)
  const repositories = createArtifactRegistry(policies)
  const tokens = createAccessTokens(now)
  const projects = createProjects()
  const operators = createOperators(tokens.whoHolds)
  const operations = createOperations(now, settings)
  const policyCalls = (roles: string) => ({
    policies,
    bindingFlaw: createBindingFlaw({ accounts, identity }, roles),
    effectiveAt: () => new Date(now().getTime() + current.bindingDelaySeconds * 1000),
  })
  const shared = { projects, operators, settings, now }
  return {
    sts: securityTokenService({ identity, tokens, readKeys: (provider) => readPublishedKeys(provider, ca), now }),
    iamCredentials: iamCredentials({ accounts, tokens, now }),
    iam: iamApi({ ...shared, identity, accounts, operations, policyCalls: policyCalls('roles/iam.') }),
    artifactRegistry: artifactRegistryApi({
      ...shared,
      repositories,
      policyCalls: policyCalls('roles/artifactregistry.'),
    }),
    resourceManager: resourceManagerApi(shared),
    identity,
    accounts,
    projects,
    operators,
    repositories,
    policies,
    whoHolds: tokens.whoHolds,
    grantToken: tokens.grant,
    adjust: (changes) => {
      current = { ...current, ...changes }
    },
  }
}
