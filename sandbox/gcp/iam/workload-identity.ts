/**
 * Workload identity pools and their OIDC providers: trusted issuers and the principals of their tokens.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
 */
import { createDelayedValues } from './delayed-values.ts'

/** A pool or a provider as the API returns it; empty fields are omitted. */
export interface IdentityResource {
  /** With the project number, even if the request used the ID. */
  readonly name: string
  readonly displayName?: string
  readonly description?: string
  readonly disabled?: boolean
  readonly state: 'ACTIVE' | 'DELETED'
  /** If it is deleted: until then it can be undeleted, and its ID cannot be reused. RFC 3339. */
  readonly expireTime?: string
  readonly attributeMapping?: Readonly<Record<string, string>>
  readonly attributeCondition?: string
  readonly oidc?: {
    readonly issuerUri: string
    /** Absent: the provider's full name with or without `https:`. */
    readonly allowedAudiences?: readonly string[]
    /** An uploaded JWKS: the issuer metadata is then not fetched. */
    readonly jwksJson?: string
  }
}

/** A provider as the STS uses it. */
export interface Provider {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  readonly name: string
  readonly issuerUri: string
  /** The actual URL of the issuer metadata, as if the issuer's name resolved to it. */
  readonly publishedAt?: string
  readonly jwksJson?: string
  readonly allowedAudiences?: readonly string[]
  readonly attributeMapping: Readonly<Record<string, string>>
  readonly attributeCondition?: string
}

type State = 'ACTIVE' | 'DISABLED' | 'DELETED'

/** A provider that a test creates directly, without an operation. */
export interface ProviderOptions extends Omit<Provider, 'attributeMapping'> {
  /** Absent: `google.subject` is `assertion.sub`. */
  readonly attributeMapping?: Provider['attributeMapping']
  readonly state?: State
}

export interface WorkloadIdentity {
  /** Creates a provider, and its pool if necessary; replaces one with the same name. */
  readonly putProvider: (provider: ProviderOptions) => void
  readonly putPool: (name: string, state: State) => void
  /** Undefined if the provider or its pool is absent, disabled, deleted, or not yet in effect in the STS. */
  readonly activeProvider: (name: string) => Provider | undefined
  /** As the API returns it. */
  readonly read: (name: string) => IdentityResource | undefined
  /** In order of creation. `collection`: `…/workloadIdentityPools` or `…/providers`. */
  readonly list: (collection: string) => readonly IdentityResource[]
  readonly write: (resource: IdentityResource, effectiveAt?: Date) => void
}

type Stored = Pick<WorkloadIdentity, 'read' | 'list' | 'write'> & {
  /** As the STS uses it, if it is active. */
  readonly active: (name: string) => IdentityResource | undefined
}

const deletedForMs = 30 * 86_400_000

export function createWorkloadIdentity(now: () => Date): WorkloadIdentity {
  const { read, list, write, active } = storeResources(now)
  const publishedAt = new Map<string, string | undefined>()
  const stateFields = (state: State) => ({
    state: state === 'DELETED' ? ('DELETED' as const) : ('ACTIVE' as const),
    ...(state === 'DISABLED' && { disabled: true }),
    ...(state === 'DELETED' && { expireTime: deletionExpiry(now()) }),
  })
  return {
    putProvider({ name, publishedAt: where, state = 'ACTIVE', ...options }) {
      const { issuerUri, allowedAudiences, jwksJson, attributeCondition } = options
      if (!read(poolOf(name))) write({ name: poolOf(name), state: 'ACTIVE' })
      publishedAt.set(name, where)
      const oidc = { issuerUri, ...(allowedAudiences && { allowedAudiences }), ...(jwksJson && { jwksJson }) }
      const attributeMapping = options.attributeMapping ?? { 'google.subject': 'assertion.sub' }
      write({ name, ...stateFields(state), attributeMapping, ...(attributeCondition && { attributeCondition }), oidc })
    },
    putPool: (name, state) => write({ name, ...stateFields(state) }),
    activeProvider(name) {
      const { oidc, attributeMapping = {}, attributeCondition } = (active(poolOf(name)) && active(name)) ?? {}
      const where = publishedAt.get(name)
      const optional = { ...(attributeCondition && { attributeCondition }), ...(where && { publishedAt: where }) }
      return oidc && { name, ...oidc, attributeMapping, ...optional }
    },
    read,
    list,
    write,
  }
}

function storeResources(now: () => Date): Stored {
  const resources = createDelayedValues<IdentityResource>(now)
  const fresh = (one: IdentityResource | undefined) =>
    one?.expireTime && new Date(one.expireTime) <= now() ? undefined : one
  const read: WorkloadIdentity['read'] = (name) => {
    const found = fresh(resources.latest(name))
    if (!found) resources.forget(name)
    return found
  }
  return {
    read,
    list: (collection) =>
      resources
        .keys()
        .filter((name) => name.startsWith(`${collection}/`) && !name.slice(collection.length + 1).includes('/'))
        .map(read)
        .filter((one) => one !== undefined),
    write: (one, effectiveAt = now()) => resources.write(one.name, one, effectiveAt),
    active(name) {
      const found = resources.effective(name)
      return found?.state === 'ACTIVE' && !found.disabled ? found : undefined
    },
  }
}

/** The time until which a resource that is deleted now can be undeleted. */
export const deletionExpiry = (now: Date): string => new Date(now.getTime() + deletedForMs).toISOString()

/** The IAM member for a subject of the provider's pool. */
export const principalOf = (providerName: string, subject: string): string =>
  `principal://iam.googleapis.com/${poolOf(providerName)}/subject/${subject}`

/** The name of the workload or workforce identity pool of the provider. */
export const poolOf = (providerName: string): string => providerName.replace(/\/providers\/[^/]*$/, '')
