/** The resources at Google that documents need, each once, however many registries need it. */
import type { IssuerKey } from '../../../oidc/keys.ts'
import { type RecordEntry, recordKey, type TrustedCluster } from '../../trust/contract.ts'
import { markOf, marksIn } from '../../trust/marks.ts'

export interface DesiredState {
  readonly pools: readonly DesiredPool[]
  readonly providers: readonly DesiredProvider[]
  readonly accounts: readonly DesiredAccount[]
  readonly grants: readonly DesiredGrant[]
  /** Of each grant by its name: the namespaces of the accounts that need it, where it is recorded. */
  readonly recordedIn: ReadonlyMap<string, readonly string[]>
}

interface Marked {
  /** The mark of its cluster: `pullpass:…`. */
  readonly mark: string
  readonly description: string
}

export interface DesiredPool extends Marked {
  /** projects/NUMBER/locations/global/workloadIdentityPools/POOL */
  readonly name: string
  /** The clusters whose tokens its providers accept: one, unless the pool is shared. */
  readonly clusters: readonly PoolCluster[]
}

export interface PoolCluster extends Pick<TrustedCluster, 'name' | 'issuer' | 'keys'> {
  /** Names of its providers in the pool. */
  readonly providers: readonly string[]
  /** Subjects of the tokens that the documents exchange. */
  readonly subjects: readonly string[]
}

export interface DesiredProvider extends Marked, Pick<TrustedCluster, 'servers' | 'isRevoked'> {
  /** The pool's name, and /providers/PROVIDER. */
  readonly name: string
  readonly issuer: string
  /** Audiences that it must accept; empty: the default, its own name. */
  readonly audiences: readonly string[]
  readonly condition: DesiredCondition
  /** Keys to upload; undefined: Google reads them at the issuer's URL. */
  readonly keys: readonly IssuerKey[] | undefined
}

export type DesiredCondition =
  /** As the document specifies it. */
  | { readonly kind: 'given'; readonly expression: string }
  /** The default: only the subjects that the documents and the publisher of the issuer's keys use. */
  | { readonly kind: 'subjects'; readonly subjects: readonly string[] }

export interface DesiredAccount extends Marked {
  readonly email: string
}

export interface DesiredGrant {
  readonly on: GrantTarget
  readonly role: GrantedRole
  readonly member: string
  /** Names of the providers whose tokens use it: if one of them belongs to another cluster, the grant would apply to it. */
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

/** The only mapping that pullpass needs: the principal is the subject of the token. */
export const subjectMapping = { key: 'google.subject', expression: 'assertion.sub' } as const

export const defaultAudiences = (provider: string): readonly [string, string] => [
  `//iam.googleapis.com/${provider}`,
  `https://iam.googleapis.com/${provider}`,
]

/** The name of a grant in plans and in the record. */
export function grantName({ on, role, member }: DesiredGrant): string {
  return `${role} on ${targetName(on)} for ${member}`
}

export const targetName = (on: GrantTarget): string => (on.kind === 'serviceAccount' ? on.email : on.name)

// The description of every resource that pullpass creates at Google: the marks, then a sentence.

/** https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools */
const longest = 256
/** As many as fit in addition to the sentence. */
const mostFormer = 6

export const describeResource = (cluster: Pick<TrustedCluster, 'issuer'>): string =>
  describe([markOf(cluster)], cluster)

/**
 * The description of a provider whose issuer is replaced: the new mark, then the earlier ones, by which the pool and the account
 * of the same cluster are recognized. Undefined if pullpass did not create the provider for the issuer that is replaced.
 */
export function describeSuccessor(
  { issuer }: Pick<DesiredProvider, 'issuer'>,
  found: { readonly issuer: string; readonly description: string },
): string | undefined {
  const had = marksIn(found.description)
  if (!had.includes(markOf(found))) return undefined
  const mark = markOf({ issuer })
  return describe([mark, ...had.filter((one) => one !== mark).slice(0, mostFormer)], { issuer })
}

const describe = (marks: readonly string[], { issuer }: Pick<TrustedCluster, 'issuer'>) =>
  `${marks.join(' ')} pulls images for the cluster of ${issuer}`.slice(0, longest)

/** The record of a grant. */
export function grantEntry(grant: DesiredGrant, { recordedIn }: Pick<DesiredState, 'recordedIn'>): RecordEntry {
  const { on, role, member } = grant
  return {
    key: recordKey('grant', grantName(grant)),
    text: JSON.stringify({ role, on: targetName(on), member }),
    namespaces: recordedIn.get(grantName(grant)) ?? [],
  }
}

/**
 * Resources that must be in place before a grant is created: Google refuses a member that does not exist, and with a provider that
 * was refused the grant would apply to the cluster of that provider.
 */
export interface GrantNeeds {
  /** Email addresses of the account that the grant is on, and of its member. */
  readonly accounts: readonly string[]
  /** The pool of the principal. */
  readonly pool: string | undefined
  readonly providers: readonly string[]
}

export function grantNeeds({ on, member, providers }: DesiredGrant): GrantNeeds {
  const account = /^serviceAccount:(.+)$/.exec(member)?.[1]
  const pool = /^principal:\/\/iam\.googleapis\.com\/(.+?)\/subject\//.exec(member)?.[1]
  const target = on.kind === 'serviceAccount' ? on.email : undefined
  return { accounts: [target, account].filter((email) => email !== undefined), pool, providers }
}
