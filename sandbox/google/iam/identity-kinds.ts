/** What pools and providers have in common, as data: their names in paths, parameters, permissions and types. */
import { checkPool, checkProvider } from './check-identity.ts'

export interface IdentityKind {
  readonly collection: 'workloadIdentityPools' | 'providers'
  /** The query parameter that names a new one. */
  readonly idParameter: string
  readonly permissions: 'iam.workloadIdentityPools' | 'iam.workloadIdentityPoolProviders'
  readonly type: string
  /** How a payload's flaws name it. */
  readonly payload: string
  readonly mutable: readonly string[]
  readonly maxPageSize: number
  /** What is wrong with it, as Google would say. */
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
