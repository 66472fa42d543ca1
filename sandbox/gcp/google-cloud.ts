/** The Google Cloud APIs that pull secrets and their trust need; they share one state. */
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import type { Authenticate } from '../registry/token-endpoint.ts'
import type { SandboxHandler } from '../serve/handler.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { artifactRegistryApi } from './artifact-registry/artifact-registry-api.ts'
import { authenticatePulls } from './artifact-registry/authenticate-pulls.ts'
import { type ArtifactRegistry, createArtifactRegistry } from './artifact-registry/repositories.ts'
import { iamApi } from './iam/iam-api.ts'
import { iamCredentials } from './iam/iam-credentials.ts'
import { createIamPolicies, type IamPolicies } from './iam/iam-policies.ts'
import { createBindingCheck } from './iam/policy-calls.ts'
import { createServiceAccounts, type ServiceAccounts } from './iam/service-accounts.ts'
import { createWorkloadIdentity, type WorkloadIdentity } from './iam/workload-identity.ts'
import { createOperations } from './operations.ts'
import { createOperators, type Operators } from './operators.ts'
import { createProjectServices, createProjects, type ProjectServices, type Projects } from './projects/projects.ts'
import { resourceManagerApi } from './projects/resource-manager-api.ts'
import { serviceUsageApi } from './projects/service-usage-api.ts'
import { defaultSettings, type GoogleSettings } from './settings.ts'
import { createObjectStore, type ObjectStore } from './storage/object-store.ts'
import { storageApi } from './storage/storage-api.ts'
import { securityTokenService } from './sts/security-token-service.ts'

export interface GoogleCloud extends GoogleState {
  readonly sts: SandboxHandler
  readonly iamCredentials: SandboxHandler
  readonly iam: SandboxHandler
  readonly artifactRegistry: SandboxHandler
  readonly resourceManager: SandboxHandler
  readonly serviceUsage: SandboxHandler
  readonly storage: SandboxHandler
  /** Changes delays, quotas and results of operations. */
  readonly adjust: (settings: Partial<GoogleSettings>) => void
}

/** The state of the APIs, for tests to set up and inspect. */
interface GoogleState {
  readonly identity: WorkloadIdentity
  readonly accounts: ServiceAccounts
  readonly projects: Projects
  readonly services: ProjectServices
  readonly operators: Operators
  readonly repositories: ArtifactRegistry
  /** Buckets and objects. */
  readonly store: ObjectStore
  readonly policies: IamPolicies
  readonly holderOf: AccessTokens['holderOf']
  /** Creates an access token without an exchange. */
  readonly grantToken: AccessTokens['grant']
  /** Of access tokens at the registry. */
  readonly authenticate: Authenticate
}

export interface GoogleCloudNeeds extends IssuerConnection {
  readonly now: () => Date
}

export function createGoogleCloud({ now, ...reach }: GoogleCloudNeeds): GoogleCloud {
  let current = defaultSettings
  const settings = () => current
  const state = createState(now)
  const cache = { now, kept: new Map() }
  const { holderOf, grantToken: grant } = state
  const policyCalls = (roles: string) => ({
    policies: state.policies,
    checkBinding: createBindingCheck(state, roles),
    effectiveAt: () => new Date(now().getTime() + current.bindingDelaySeconds * 1000),
  })
  const operations = createOperations(now, settings)
  const shared = { ...state, tokens: { holderOf, grant }, operations, settings, now }
  const readKeys: Parameters<typeof securityTokenService>[0]['readKeys'] = (provider) =>
    readPublishedKeys(provider, reach, settings().issuerDocuments === 'cached' ? cache : undefined)
  /** Completes due operations of all clients before each request. */
  const withOperations =
    (handler: SandboxHandler): SandboxHandler =>
    (request) => {
      operations.completeDue()
      return handler(request)
    }
  return {
    ...state,
    sts: withOperations(securityTokenService({ ...shared, readKeys })),
    iamCredentials: withOperations(iamCredentials(shared)),
    iam: withOperations(iamApi({ ...shared, policyCalls: policyCalls('roles/iam.') })),
    artifactRegistry: withOperations(
      artifactRegistryApi({ ...shared, policyCalls: policyCalls('roles/artifactregistry.') }),
    ),
    resourceManager: withOperations(resourceManagerApi({ ...shared, policyCalls: policyCalls('roles/') })),
    serviceUsage: withOperations(serviceUsageApi(shared)),
    storage: withOperations(storageApi({ ...shared, policyCalls: policyCalls('roles/storage.') })),
    adjust: (changes) => {
      current = { ...current, ...changes }
    },
  }
}

function createState(now: () => Date): GoogleState {
  const policies = createIamPolicies(now)
  const { holderOf, grant } = createAccessTokens(now)
  const projects = createProjects()
  const services = createProjectServices(projects)
  const repositories = createArtifactRegistry(policies, services)
  return {
    identity: createWorkloadIdentity(now),
    accounts: createServiceAccounts(policies, now),
    projects,
    services,
    operators: createOperators(holderOf),
    repositories,
    store: createObjectStore(policies, now),
    policies,
    holderOf,
    grantToken: grant,
    authenticate: authenticatePulls({ holderOf, repositories }),
  }
}
