/**
 * An organization of Cloudsmith: service accounts, OpenID Connect providers, and repositories with privileges.
 * https://github.com/cloudsmith-io/cloudsmith-api-go: docs/Service.md, docs/ProviderSettings.md, docs/RepositoryPrivilegeDict.md
 */
import { randomBytes } from 'node:crypto'

export interface Service {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly role: 'Member' | 'Manager'
  readonly teams: readonly { readonly slug: string; readonly role: string }[]
  /** A password that does not expire; only the response to its creation contains it. */
  readonly key: string
}

export interface Provider {
  /** Its id, which never changes. */
  readonly slug_perm: string
  readonly name: string
  readonly provider_url: string
  readonly enabled: boolean
  readonly claims: Readonly<Record<string, string>>
  readonly service_accounts: readonly string[]
  readonly mapping_claim: string | null
  readonly mappings: readonly { readonly claim_value: string; readonly service_account: string }[]
}

type Holder = { readonly user: string } | { readonly team: string } | { readonly service: string }

export type Privilege = Holder & { readonly privilege: 'Read' | 'Write' | 'Admin' }

export interface CloudsmithState {
  /** By slug. */
  readonly services: Map<string, Service>
  /** By id. */
  readonly providers: Map<string, Provider>
  /** Privileges by the slug of their repository. */
  readonly repositories: Map<string, readonly Privilege[]>
  /** Slugs of other organizations: service accounts of all of them have different ones. */
  readonly taken: Set<string>
}

export const createState = (): CloudsmithState => ({
  services: new Map(),
  providers: new Map(),
  repositories: new Map(),
  taken: new Set(),
})

export const newId = (): string => randomBytes(9).toString('base64url').replaceAll(/[-_]/g, 'x')

const longestSlug = 30

/** Truncated, and with random characters where it is taken. https://docs.cloudsmith.com/accounts-and-teams/service-accounts */
export function slugFor({ services, taken }: CloudsmithState, name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .slice(0, longestSlug)
  if (!services.has(slug) && !taken.has(slug)) return slug
  return `${slug.slice(0, longestSlug - 5)}-${randomBytes(2).toString('hex')}`
}

export const newKey = (): string => randomBytes(20).toString('hex')

export const mayPull = ({ repositories }: CloudsmithState, service: string, repository: string): boolean =>
  repositories.get(repository)?.some((one) => 'service' in one && one.service === service) ?? false
