/**
 * A JFrog platform: users, groups, repositories, OIDC integrations with their identity mappings, and permissions.
 * https://jfrog.com/help/r/jfrog-platform-administration-documentation/identity-mappings
 */

interface User {
  readonly admin: boolean
  readonly status: 'enabled' | 'disabled'
  readonly groups: readonly string[]
}

interface Repository {
  readonly rclass: 'local' | 'remote' | 'virtual' | 'federated'
  /** Of a virtual one. */
  readonly repositories?: readonly string[]
}

export interface Integration {
  readonly name: string
  readonly issuer_url: string
  readonly provider_type: string
  readonly audience?: string
  readonly description?: string
  readonly token_issuer?: string
  readonly project_key?: string
  readonly use_default_proxy?: boolean
}

export interface Mapping {
  readonly name: string
  readonly provider_name: string
  readonly description?: string
  /** It comes before those of all projects. */
  readonly project_key?: string
  readonly priority: number
  readonly claims: Readonly<Record<string, unknown>>
  readonly token_spec: TokenSpec
}

interface TokenSpec {
  readonly username?: string
  readonly scope?: string
  readonly audience?: string
  readonly expires_in?: number
}

type Actions = Readonly<Record<string, readonly string[]>>

interface Target {
  readonly include_patterns: readonly string[]
  readonly exclude_patterns: readonly string[]
}

export interface ResourcePermission {
  readonly actions: { readonly users: Actions; readonly groups: Actions }
  readonly targets: Readonly<Record<string, Target>>
}

export interface Permission {
  readonly name: string
  readonly resources: Readonly<Record<string, ResourcePermission>>
}

/** Each by name; mappings by `INTEGRATION NAME`. */
export interface PlatformState {
  readonly users: Map<string, User>
  readonly groups: Map<string, { readonly admin_privileges: boolean }>
  readonly repositories: Map<string, Repository>
  readonly integrations: Map<string, Integration>
  readonly mappings: Map<string, Mapping>
  readonly permissions: Map<string, Permission>
}

export const createState = (): PlatformState => ({
  users: new Map(),
  groups: new Map(),
  repositories: new Map(),
  integrations: new Map(),
  mappings: new Map(),
  permissions: new Map(),
})

export const mappingKey = ({ provider_name, name }: Pick<Mapping, 'provider_name' | 'name'>): string =>
  `${provider_name} ${name}`

export const mappingsOf = ({ mappings }: PlatformState, integration: string): Mapping[] =>
  [...mappings.values()].filter(({ provider_name }) => provider_name === integration)

/** All claims of the mapping are in the token; `*` is a wildcard, and a list is of alternatives. */
export const acceptsClaims = ({ claims }: Mapping, token: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(claims).every(([name, value]) =>
    [value].flat().some((pattern) => [token[name]].flat().some((actual) => matches(String(pattern), String(actual)))),
  )

function matches(pattern: string, actual: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`).test(actual)
}

/** The identity of a token. */
export interface Holder {
  /** For basic authentication. */
  readonly username: string
  readonly groups: readonly string[]
}

/** `path`: `KEY/IMAGE`. */
export function mayRead({ users, permissions }: PlatformState, holder: Holder, path: string): boolean {
  const user = users.get(holder.username)
  if (user?.status === 'disabled') return false
  const groups = [...holder.groups, ...(user?.groups ?? [])]
  const [key = ''] = path.split('/', 1)
  const inner = path.slice(key.length + 1)
  return [...permissions.values()].some(({ resources }) => {
    const { actions, targets } = resources['artifact'] ?? { actions: { users: {}, groups: {} }, targets: {} }
    const isGranted =
      actions.users[holder.username]?.includes('READ') === true ||
      groups.some((one) => actions.groups[one]?.includes('READ') === true)
    return (
      isGranted && (targets[key]?.include_patterns ?? []).some((pattern) => matches(pattern.replace('**', '*'), inner))
    )
  })
}
