/**
 * Workload identity pools and their OIDC providers: whose tokens are believed, and as whom.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 */
import type { JWTPayload } from 'jose'

export interface Provider {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  readonly name: string
  readonly issuerUri: string
  /** Where the issuer's documents are really read, as if its name led there. */
  readonly publishedAt?: string
  /** An uploaded JWKS: no document is fetched then. */
  readonly jwksJson?: string
  /** Replaces the default, which is the provider's full name with or without `https:`. */
  readonly allowedAudiences?: readonly string[]
  readonly attributeCondition?: { readonly text: string; readonly holds: (assertion: JWTPayload) => boolean }
  readonly state?: 'ACTIVE' | 'DISABLED' | 'DELETED'
}

export interface WorkloadIdentity {
  /** Adds a provider, and its pool where that is new; one of the same name is replaced. */
  readonly putProvider: (provider: Provider) => void
  readonly putPool: (name: string, state: NonNullable<Provider['state']>) => void
  /** Undefined where the provider or its pool is absent, disabled or deleted. */
  readonly activeProvider: (name: string) => Provider | undefined
}

export function createWorkloadIdentity(): WorkloadIdentity {
  const pools = new Map<string, NonNullable<Provider['state']>>()
  const providers = new Map<string, Provider>()
  return {
    putProvider(provider) {
      const pool = poolOf(provider.name)
      if (!pools.has(pool)) pools.set(pool, 'ACTIVE')
      providers.set(provider.name, provider)
    },
    putPool: (name, state) => pools.set(name, state),
    activeProvider(name) {
      const provider = providers.get(name)
      const active = pools.get(poolOf(name)) === 'ACTIVE' && (provider?.state ?? 'ACTIVE') === 'ACTIVE'
      return active ? provider : undefined
    },
  }
}

/** The IAM member that a subject of the provider's pool is. */
export const principalOf = (providerName: string, subject: string): string =>
  `principal://iam.googleapis.com/${poolOf(providerName)}/subject/${subject}`

const poolOf = (providerName: string) => providerName.replace(/\/providers\/[^/]*$/, '')
