/**
 * The role with which an identity pulls from a registry: which one depends on the registry's mode.
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 * https://learn.microsoft.com/rest/api/authorization/role-assignments
 */
import { createHash } from 'node:crypto'
import { asObject, shortText } from '../../../text/json-fields.ts'
import {
  type Accepted,
  type Change,
  type RemovalPlan,
  type RemovalScope,
  type TrustFinding,
  trustRefused,
} from '../../trust/contract.ts'
import { marksIn } from '../../trust/marks.ts'
import { orAbsent } from '../../trust/responses.ts'
import { resourceParts } from '../names.ts'
import { type Assignment, createAssignment, scriptLine, updateAssignment } from './commands.ts'
import type { DesiredRole } from './desired.ts'
import { type AzureConnection, itemsOf, sendArm } from './requests.ts'
import { assignmentHcl } from './terraform.ts'

export interface FoundRegistry {
  readonly loginServer: string
  /** `repositories`: roles apply to repositories, by conditions. */
  readonly permissions: 'registry' | 'repositories'
}

export interface FoundAssignment extends Assignment {
  /** Resource id. */
  readonly id: string
}

const roleNames = {
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull',
  'b93aa761-3e63-49ed-ac28-beffa264f7ac': 'Container Registry Repository Reader',
} as const
const [acrPull, repositoryReader] = [
  '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  'b93aa761-3e63-49ed-ac28-beffa264f7ac',
] as const

export const readRegistry = async (azure: AzureConnection, registryId: string): Promise<FoundRegistry | undefined> =>
  await orAbsent(
    sendArm(azure, {
      method: 'GET',
      path: `${registryId}?api-version=2025-11-01`,
      read(body) {
        const properties = asObject(asObject(body)?.['properties'])
        return {
          loginServer: (shortText(properties?.['loginServer']) ?? '').toLowerCase(),
          permissions:
            properties?.['roleAssignmentMode'] === 'AbacRepositoryPermissions'
              ? ('repositories' as const)
              : ('registry' as const),
        }
      },
    }),
  )

const assignments = 'providers/Microsoft.Authorization/roleAssignments'
const version = 'api-version=2022-04-01'

/** Of the principal, on the registry and on its parent scopes. */
export const listAssignments = async (
  azure: AzureConnection,
  registryId: string,
  principalId: string,
): Promise<FoundAssignment[]> =>
  await sendArm(azure, {
    method: 'GET',
    path: `${registryId}/${assignments}?${version}&$filter=${encodeURIComponent(`principalId eq '${principalId}'`)}`,
    read: (body) => itemsOf(body).map(readAssignment),
  })

function readAssignment(item: unknown): FoundAssignment {
  const own = asObject(item) ?? {}
  const properties = asObject(own['properties']) ?? {}
  return {
    id: shortText(own['id']) ?? '',
    name: shortText(own['name']) ?? '',
    scope: shortText(properties['scope']) ?? '',
    role: (shortText(properties['roleDefinitionId']) ?? '').split('/').at(-1)?.toLowerCase() ?? '',
    principalId: shortText(properties['principalId']) ?? '',
    condition: shortText(properties['condition']),
    description: shortText(properties['description']) ?? '',
  }
}

// The conditions that pullpass writes limit reading to repositories of these names.

const attribute = 'Microsoft.ContainerRegistry/registries/repositories'
const guard = `((!(ActionMatches{'${attribute}/content/read'}) AND !(ActionMatches{'${attribute}/metadata/read'})) OR (`
const equals = `@Request[${attribute}:name] StringEqualsIgnoreCase `

function renderCondition(repositories: readonly string[]): string {
  const clauses = repositories.map((name) => `${equals}'${name}'`)
  return `${guard}${clauses.join(' OR ')}))`
}

/** The names in a condition of this form; undefined for any other. */
function parseCondition(condition: string): string[] | undefined {
  if (!condition.startsWith(guard) || !condition.endsWith('))')) return undefined
  const clauses = condition.slice(guard.length, -2).split(' OR ')
  const names = clauses.map((clause) =>
    clause.startsWith(`${equals}'`) ? clause.slice(equals.length + 1, -1) : undefined,
  )
  return names.every((name) => name !== undefined && /^[a-z0-9._/-]+$/i.test(name))
    ? names.flatMap((name) => name?.toLowerCase() ?? [])
    : undefined
}

export interface RoleFacts {
  readonly principalId: string
  readonly registry: FoundRegistry | undefined
  readonly assigned: readonly FoundAssignment[]
}

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'changes' | 'notes' | 'hcl'> & Partial<TrustFinding>

export function evaluateRole(
  desired: DesiredRole,
  { principalId, registry, assigned }: RoleFacts,
  { replace }: Accepted,
  azure: AzureConnection,
): Evaluated {
  const fault = registryFault(desired, registry)
  const own = assignmentOf(desired, registry, principalId)
  if (fault !== undefined) {
    const hcl = assignmentHcl(own, desired.identity, undefined)
    return { presence: 'absent', verdict: 'refused', changes: [], notes: [], fault, hcl }
  }
  const ofRole = assigned.filter(({ role }) => role === own.role)
  const exact = ofRole.find(({ scope }) => scope.toLowerCase() === own.scope.toLowerCase())
  const covering = ofRole.find(({ condition }) => covers(condition, desired.repositories))
  const hcl = assignmentHcl({ ...own, ...(exact && { name: exact.name }) }, desired.identity, exact?.id)
  const isNarrowed = replace.includes('condition') && exact !== undefined && exact.condition !== own.condition
  if (covering !== undefined && !isNarrowed) {
    const notes = notesOn(covering, desired)
    return { presence: 'present', verdict: 'ok', changes: [], notes, hcl }
  }
  if (exact === undefined) {
    return { presence: 'absent', verdict: 'grant', changes: [grantChange(own, azure)], notes: [], hcl }
  }
  const present = { presence: 'present', notes: [], hcl } as const
  const names = exact.condition === undefined ? undefined : parseCondition(exact.condition)
  const isOwn = marksIn(exact.description).length > 0 && names !== undefined
  if (!isNarrowed && !isOwn) return { ...present, verdict: 'refused', changes: [], ...conditionConflict(desired) }
  const union = [...new Set([...(names ?? []), ...(desired.repositories ?? [])])].toSorted()
  const isForAll = desired.repositories === undefined
  const condition = isNarrowed ? own.condition : isForAll ? undefined : renderCondition(union)
  const next = { ...own, name: exact.name, description: exact.description, condition }
  return {
    ...present,
    verdict: 'update',
    changes: [updateChange(next, azure)],
    hcl: assignmentHcl(next, desired.identity, exact.id),
  }
}

const conditionConflict = ({ registryId, identity }: DesiredRole) => ({
  fault: trustRefused(
    `the role of ${identity.name} on ${registryId} has a condition that does not admit all repositories of the documents`,
    {
      expected: 'a role assignment that admits them',
      hint: 'change its condition, or replace it: --replace condition',
    },
  ),
  override: { replace: ['condition'] },
})

/** Names are unique: the deterministic one makes a second attempt the same write. */
function assignmentOf(
  { registryId, repositories, description }: DesiredRole,
  registry: FoundRegistry | undefined,
  principalId: string,
): Assignment {
  const role = registry?.permissions === 'repositories' ? repositoryReader : acrPull
  return {
    name: uuidOf(`${registryId.toLowerCase()} ${principalId} ${role}`),
    scope: registryId,
    role,
    principalId,
    condition: repositories === undefined ? undefined : renderCondition(repositories),
    description,
  }
}

/** RFC 9562 §5.5, version 5, in the name space of URLs. */
function uuidOf(name: string): string {
  const space = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')
  const hash = createHash('sha1').update(space).update(name).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

function registryFault({ registryId, loginServer, repositories }: DesiredRole, registry: FoundRegistry | undefined) {
  const { name, group, subscription } = resourceParts(registryId)
  if (registry === undefined) {
    return trustRefused(`registry ${registryId} does not exist`, {
      expected: 'an existing registry: pullpass trust does not create registries',
      hint: 'correct azure.trust.registryId',
      command: `az acr show --name ${name} --query id`,
    })
  }
  if (registry.loginServer !== loginServer) {
    return trustRefused(`registry ${registryId} has the login server ${registry.loginServer}`, {
      expected: `${loginServer}, from which the document pulls`,
      hint: 'correct azure.trust.registryId: a role on another registry has no effect on this one',
    })
  }
  if (repositories === undefined || registry.permissions === 'repositories') return undefined
  const words = `--name ${name} --resource-group ${group} --subscription ${subscription}`
  return trustRefused(
    `registry ${registryId} does not support repository permissions, and the document names repositories`,
    {
      expected:
        'roleAssignmentMode AbacRepositoryPermissions, in which AcrPull of other identities no longer has an effect',
      hint: 'remove azure.repositories, which grants the whole registry; or, once the other identities have roles for repositories',
      command: `az acr update ${words} --role-assignment-mode rbac-abac`,
    },
  )
}

/** Whether an assignment admits these repositories; undefined: all. */
function covers(condition: string | undefined, repositories: readonly string[] | undefined): boolean {
  if (condition === undefined) return true
  const names = parseCondition(condition)
  return repositories?.every((name) => names?.includes(name.toLowerCase())) ?? false
}

function notesOn({ condition, scope }: FoundAssignment, { registryId, repositories }: DesiredRole): string[] {
  const inherited = scope.toLowerCase() === registryId.toLowerCase() ? [] : [`the role is assigned on ${scope}`]
  const isBroader = repositories !== undefined && condition === undefined
  return [...inherited, ...(isBroader ? ['it allows all repositories: --replace condition limits it'] : [])]
}

function grantChange(assignment: Assignment, azure: AzureConnection): Change {
  const command = createAssignment(assignment)
  return {
    action: 'grant',
    fields: [],
    description: `assign ${describe(assignment)}`,
    command,
    script: scriptLine(command),
    byTerraform: 'applied',
    apply: async () => await put(assignment, azure),
  }
}

function updateChange(assignment: Assignment, azure: AzureConnection): Change {
  const command = updateAssignment(assignment)
  return {
    action: 'update',
    fields: ['condition'],
    description: `change the condition of ${describe(assignment)}`,
    command,
    script: scriptLine(command),
    byTerraform: 'applied',
    apply: async () => await put(assignment, azure),
  }
}

function describe({ role, scope, principalId, condition }: Assignment): string {
  const name = role === acrPull || role === repositoryReader ? roleNames[role] : role
  const names = condition === undefined ? undefined : parseCondition(condition)
  const limit =
    names === undefined ? '' : `, for ${names.length === 1 ? 'repository' : 'repositories'} ${names.join(', ')}`
  return `${name} on ${scope} to principal ${principalId}${limit}`
}

async function put(assignment: Assignment, azure: AzureConnection): Promise<void> {
  const { name, scope, role, principalId, condition, description } = assignment
  const limits = condition === undefined ? {} : { condition, conditionVersion: '2.0' }
  const { subscription } = resourceParts(scope)
  const roleDefinitionId = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`
  await sendArm(azure, {
    method: 'PUT',
    path: `${scope}/${assignments}/${name}?${version}`,
    json: { properties: { roleDefinitionId, principalId, principalType: 'ServicePrincipal', description, ...limits } },
    read: () => undefined,
  })
}

/** Removable if pullpass created it for one of these clusters, and no other token signs the identity in. */
export function planRoleRemoval(
  { registryId }: DesiredRole,
  { assigned, others }: Pick<RoleFacts, 'assigned'> & { readonly others: number },
  { marks }: RemovalScope,
  azure: AzureConnection,
): RemovalPlan {
  const exact = assigned.filter(({ scope }) => scope.toLowerCase() === registryId.toLowerCase())
  const own = exact.find(({ role }) => role === acrPull || role === repositoryReader)
  if (own === undefined) return { state: 'absent' }
  const carried = marksIn(own.description)
  if (carried.length === 0) return { state: 'kept', note: 'pullpass did not create it' }
  if (!carried.some((mark) => marks.includes(mark)))
    return {
      state: 'kept',
      note: `pullpass created it for another issuer than this cluster's: it carries ${carried[0]}`,
    }
  if (others > 0)
    return {
      state: 'kept',
      note: `${others === 1 ? 'one other token signs' : `${others} others sign`} the identity in`,
    }
  return {
    state: 'removable',
    async remove() {
      const path = `${own.scope}/${assignments}/${own.name}?${version}`
      await sendArm(azure, { method: 'DELETE', path, read: () => undefined })
      return undefined
    },
  }
}
