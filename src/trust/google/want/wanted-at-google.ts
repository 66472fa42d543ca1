/** What Google must know so that documents work: resources by name, each once, whatever many registries ask for it. */
import type { IssuerKey } from '../../../issuer/keys/issuer-key.ts'
import type { TrustedCluster } from '../../trusted-cluster.ts'

export interface WantedAtGoogle {
  readonly pools: readonly WantedPool[]
  readonly providers: readonly WantedProvider[]
  readonly accounts: readonly WantedAccount[]
  readonly grants: readonly WantedGrant[]
  /** Of each grant by its name: the namespaces of the accounts that need it, where it is recorded. */
  readonly recordedIn: ReadonlyMap<string, readonly string[]>
}

interface Made {
  /** Of the cluster that it is for: `pullpass:…`. */
  readonly mark: string
  readonly description: string
}

export interface WantedPool extends Made {
  /** projects/NUMBER/locations/global/workloadIdentityPools/POOL */
  readonly name: string
  /** The clusters whose tokens its providers accept: one, unless the pool is shared. */
  readonly clusters: readonly PoolCluster[]
}

export interface PoolCluster extends Pick<TrustedCluster, 'name' | 'issuer' | 'keys'> {
  /** Names of its providers in the pool. */
  readonly providers: readonly string[]
  /** Whose tokens the documents exchange. */
  readonly subjects: readonly string[]
}

export interface WantedProvider extends Made, Pick<TrustedCluster, 'servers' | 'isRevoked'> {
  /** The pool's name, and /providers/PROVIDER. */
  readonly name: string
  readonly issuer: string
  /** Audiences that it must take; its own name is what it takes by default. */
  readonly audiences: readonly string[]
  readonly condition: WantedCondition
  /** Uploaded; undefined: read at the issuer's URL. */
  readonly keys: readonly IssuerKey[] | undefined
}

export type WantedCondition =
  /** The document's own. */
  | { readonly kind: 'given'; readonly expression: string }
  /** By default: the subjects that documents and the publisher of the issuer's keys use, and no other. */
  | { readonly kind: 'subjects'; readonly subjects: readonly string[] }

export interface WantedAccount extends Made {
  readonly email: string
}

export interface WantedGrant {
  readonly on: GrantTarget
  readonly role: GrantedRole
  readonly member: string
  /** Names of the providers whose tokens use it: where one of them is another cluster's, so would be the grant. */
  readonly providers: readonly string[]
}

export type GrantTarget =
  | { readonly kind: 'serviceAccount'; readonly email: string }
  /** projects/PROJECT/locations/LOCATION/repositories/REPOSITORY */
  | { readonly kind: 'repository'; readonly name: string }

type GrantedRole =
  | 'roles/iam.workloadIdentityUser'
  | 'roles/iam.serviceAccountTokenCreator'
  | 'roles/artifactregistry.reader'

/** The only mapping that pullpass needs: the subject is who the principal is. */
export const subjectMapping = { key: 'google.subject', expression: 'assertion.sub' } as const

export const defaultAudiences = (provider: string): readonly [string, string] => [
  `//iam.googleapis.com/${provider}`,
  `https://iam.googleapis.com/${provider}`,
]

/** What a grant is called, in plans and in the record: one name for one grant. */
export function grantName({ on, role, member }: WantedGrant): string {
  return `${role} on ${targetName(on)} for ${member}`
}

export const targetName = (on: GrantTarget): string => (on.kind === 'serviceAccount' ? on.email : on.name)
