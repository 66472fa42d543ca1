/** The differences between pools and providers as data: names in paths, parameters, permissions and types. */
import { checkPool, checkProvider } from './check-identity.ts'

export interface IdentityKind {
  readonly collection: 'workloadIdentityPools' | 'providers'
  /** The query parameter with the ID of a new one. */
  readonly idParameter: string
  readonly permissions: 'iam.workloadIdentityPools' | 'iam.workloadIdentityPoolProviders'
  readonly type: string
  /** Its name in errors about the payload. */
  readonly payload: string
  readonly mutable: readonly string[]
  readonly maxPageSize: number
  /** Google's message for the first invalid field. */
  readonly check: (fields: Readonly<Record<string, unknown>>) => string | undefined
}

export const poolKind: IdentityKind = {
  collection: 'workloadIdentityPools',
  idParameter: 'workloadIdentityPoolId',
  permissions: 'iam.workloadIdentityPools',
  type: 'type.googleapis.com/google.iam.v1.WorkloadIdentityPool',
  payload: 'workload_identity_pool',
  mutable: ['displayName', 'description', 'disabled'],
  maxPageSize: 1000,
  check: checkPool,
}

export const providerKind: IdentityKind = {
  collection: 'providers',
  idParameter: 'workloadIdentityPoolProviderId',
  permissions: 'iam.workloadIdentityPoolProviders',
  type: 'type.googleapis.com/google.iam.v1.WorkloadIdentityPoolProvider',
  payload: 'workload_identity_pool_provider',
  mutable: ['displayName', 'description', 'disabled', 'attributeMapping', 'attributeCondition', 'oidc'],
  maxPageSize: 100,
  check: checkProvider,
}
