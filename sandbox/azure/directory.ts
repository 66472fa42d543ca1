/**
 * A tenant of Microsoft Entra: applications and managed identities with their federated identity credentials, of which at most 20
 * are accepted for each. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
import { randomUUID } from 'node:crypto'

export interface FederatedCredential {
  readonly id: string
  readonly name: string
  readonly issuer: string
  /** `null`: of a flexible credential. */
  readonly subject: string | null
  readonly claimsMatchingExpression?: { readonly value: string; readonly languageVersion: number }
  readonly audiences: readonly string[]
  readonly description?: string
  /** Token requests are refused until then. */
  readonly effectiveAt: Date
}

interface Identity {
  readonly clientId: string
  /** Object id of the service principal, to which roles are assigned. */
  readonly principalId: string
  readonly displayName: string
  /** By name. */
  readonly credentials: Map<string, FederatedCredential>
}

export interface Application extends Identity {
  readonly kind: 'application'
  readonly objectId: string
  /** Of an operator that signs in with it. */
  readonly secret?: string
  /** `absent`: the application has no service principal in the tenant. */
  readonly servicePrincipal: 'present' | 'absent'
}

export interface ManagedIdentity extends Identity {
  readonly kind: 'managed identity'
  /** `/subscriptions/…/userAssignedIdentities/NAME` */
  readonly resourceId: string
}

export type Principal = Application | ManagedIdentity

export interface Directory {
  readonly tenantId: string
  readonly addApplication: (options: Partial<Application> & { readonly displayName: string }) => Application
  readonly addManagedIdentity: (resourceId: string, options?: Partial<ManagedIdentity>) => ManagedIdentity
  readonly remove: (clientId: string) => void
  readonly findByClientId: (clientId: string) => Principal | undefined
  readonly findByObjectId: (objectId: string) => Application | undefined
  readonly findByPrincipalId: (principalId: string) => Principal | undefined
  /** Resource ids are compared without regard to case. */
  readonly findByResourceId: (resourceId: string) => ManagedIdentity | undefined
}

export const mostCredentials = 20

export function createDirectory(tenantId: string): Directory {
  const principals = new Map<string, Principal>()
  const find = (matches: (one: Principal) => boolean) => [...principals.values()].find(matches)
  const add = <P extends Principal>(principal: P): P => {
    principals.set(principal.clientId, principal)
    return principal
  }
  const identity = () => ({ clientId: randomUUID(), principalId: randomUUID(), credentials: new Map() })
  return {
    tenantId,
    addApplication: (options) =>
      add({ kind: 'application', ...identity(), objectId: randomUUID(), servicePrincipal: 'present', ...options }),
    addManagedIdentity: (resourceId, options) =>
      add({
        kind: 'managed identity',
        ...identity(),
        displayName: resourceId.split('/').at(-1) ?? '',
        ...options,
        resourceId,
      }),
    remove: (clientId) => void principals.delete(clientId),
    findByClientId: (clientId) => principals.get(clientId),
    findByObjectId(objectId) {
      const found = find((one) => one.kind === 'application' && one.objectId === objectId)
      return found?.kind === 'application' ? found : undefined
    },
    findByPrincipalId: (principalId) => find((one) => one.principalId === principalId),
    findByResourceId(resourceId) {
      const found = find(
        (one) => one.kind === 'managed identity' && one.resourceId.toLowerCase() === resourceId.toLowerCase(),
      )
      return found?.kind === 'managed identity' ? found : undefined
    },
  }
}

/** Those that are in effect. */
export const effectiveCredentials = ({ credentials }: Principal, now: Date): FederatedCredential[] =>
  [...credentials.values()].filter(({ effectiveAt }) => effectiveAt <= now)
