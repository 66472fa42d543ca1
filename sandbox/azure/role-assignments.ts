/**
 * Roles that principals have at Azure, and what they allow at a registry.
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 */

export interface RoleAssignment {
  /** A UUID: its name in the scope. */
  readonly name: string
  /** Resource id; it applies to everything below it. */
  readonly scope: string
  readonly principalId: string
  /** UUID of the role. */
  readonly role: string
  readonly condition?: string
  readonly description?: string
  readonly effectiveAt: Date
}

export interface ContainerRegistry {
  readonly id: string
  readonly loginServer: string
  readonly roleAssignmentMode: 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions'
}

export const roles = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  repositoryReader: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
} as const

export interface RoleAssignments {
  /** By scope in lower case and name. */
  readonly all: Map<string, RoleAssignment>
  readonly put: (assignment: RoleAssignment) => void
  /** Whether the principal may pull at all there, from one repository or any. */
  readonly mayPull: (principalId: string, registry: ContainerRegistry, repository?: string) => boolean
}

export const assignmentKey = ({ scope, name }: Pick<RoleAssignment, 'scope' | 'name'>): string =>
  `${scope.toLowerCase()} ${name.toLowerCase()}`

export function createRoleAssignments(now: () => Date): RoleAssignments {
  const all = new Map<string, RoleAssignment>()
  return {
    all,
    put: (assignment) => void all.set(assignmentKey(assignment), assignment),
    mayPull: (principalId, registry, repository) => {
      const own = [...all.values()].filter(
        (one) => one.principalId === principalId && one.effectiveAt <= now() && isBelow(registry.id, one.scope),
      )
      if (registry.roleAssignmentMode === 'LegacyRegistryPermissions') {
        return own.some(({ role }) => role === roles.acrPull)
      }
      return own.some(
        ({ role, condition }) =>
          role === roles.repositoryReader && (repository === undefined || admits(condition, repository)),
      )
    },
  }
}

const isBelow = (id: string, scope: string) =>
  `${id.toLowerCase()}/`.startsWith(`${scope.toLowerCase().replace(/\/$/, '')}/`)

const action = (name: string) => `ActionMatches{'Microsoft.ContainerRegistry/registries/repositories/${name}'}`
const clause =
  /@Request\[Microsoft\.ContainerRegistry\/registries\/repositories:name\] (StringEqualsIgnoreCase|StringStartsWithIgnoreCase) '([^']+)'/g

/** Of version 2.0: guarded for the actions of reading, then clauses joined by OR. */
export function isCondition(condition: string): boolean {
  const guard = `((!(${action('content/read')}) AND !(${action('metadata/read')})) OR (`
  if (!condition.startsWith(guard) || !condition.endsWith('))')) return false
  const rest = condition.slice(guard.length, -2).replaceAll(clause, 'CLAUSE')
  return /^CLAUSE(?: OR CLAUSE)*$/.test(rest)
}

function admits(condition: string | undefined, repository: string): boolean {
  if (condition === undefined) return true
  const name = repository.toLowerCase()
  return [...condition.matchAll(clause)].some(([, operator, value = '']) =>
    operator === 'StringEqualsIgnoreCase' ? name === value.toLowerCase() : name.startsWith(value.toLowerCase()),
  )
}
