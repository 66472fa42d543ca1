/**
 * The role with which a service account pulls from a registry, or from one repository in it. A binding is added or removed by itself:
 * those of others are not written. It cannot carry a mark, so it is recorded in the cluster.
 * https://yandex.cloud/docs/container-registry/security/
 * https://github.com/yandex-cloud/cloudapi: containerregistry/v1/registry_service.proto, repository_service.proto, access/access.proto
 */
import type { Context } from '../../../http/context.ts'
import { asObject, shortText } from '../../../text/json-fields.ts'
import {
  type Change,
  type RecordEntry,
  type RemovalPlan,
  recordKey,
  type TrustFinding,
  trustRefused,
} from '../../trust/contract.ts'
import { orAbsent } from '../../trust/responses.ts'
import { kindOf, registryOf } from '../names.ts'
import { changeOf } from './commands.ts'
import { type DesiredRole, roleName } from './desired.ts'
import { changeYandex, idIn, listYandex, type RoleNeeded, sendYandex } from './requests.ts'
import { inheritedHcl, roleHcl } from './terraform.ts'

const puller = 'container-registry.images.puller'

interface Binding {
  readonly role: string
  readonly subject: string
  readonly type: string
}

interface FoundPlace {
  /** A registry or repository. */
  readonly id: string
  readonly bindings: readonly Binding[]
}

export interface RoleFacts {
  readonly registry: FoundPlace | undefined
  /** Undefined: it does not exist, or the whole registry is desired. */
  readonly repository: FoundPlace | undefined
}

/** A repository inherits the roles of its registry; those of folder and cloud are not read. @throws TRUST_DENIED, TRUST_UNAVAILABLE */
export async function readPlaces(context: Context, { on }: DesiredRole): Promise<RoleFacts> {
  const registryId = registryOf(on)
  const needs = administers(registryId)
  const exists = await orAbsent(
    sendYandex(context, {
      api: 'container-registry',
      method: 'GET',
      path: `/container-registry/v1/registries/${registryId}`,
      needs,
      read: () => true,
    }),
  )
  if (exists === undefined) return { registry: undefined, repository: undefined }
  const registry = { id: registryId, bindings: await listBindings(context, 'registries', registryId, needs) }
  if (on === registryId) return { registry, repository: undefined }
  // By its list: the path of a request by name is not documented for names with "/".
  const repositories = await listYandex(context, {
    api: 'container-registry',
    path: `/container-registry/v1/repositories?registryId=${registryId}`,
    needs,
    field: 'repositories',
    item: (value) => ({
      id: idIn(asObject(value)?.['id'], 'a repository'),
      name: shortText(asObject(value)?.['name']),
    }),
  })
  const found = repositories.find(({ name }) => name === on)
  if (found === undefined) return { registry, repository: undefined }
  return {
    registry,
    repository: { id: found.id, bindings: await listBindings(context, 'repositories', found.id, needs) },
  }
}

/** It also permits to read both; the role that permits only to grant is not documented. */
const administers = (registryId: string): RoleNeeded => ({
  role: 'container-registry.admin',
  on: `the registry ${registryId}`,
  words: `container registry add-access-binding --id ${registryId}`,
})

const listBindings = async (
  context: Context,
  kind: 'registries' | 'repositories',
  id: string,
  needs: RoleNeeded,
): Promise<readonly Binding[]> =>
  await listYandex(context, {
    api: 'container-registry',
    path: `/container-registry/v1/${kind}/${id}:listAccessBindings`,
    needs,
    field: 'accessBindings',
    item(value) {
      const { roleId, subject } = asObject(value) ?? {}
      const { id: of, type } = asObject(subject) ?? {}
      return { role: shortText(roleId) ?? '', subject: shortText(of) ?? '', type: shortText(type) ?? '' }
    },
  })

const isOwn =
  ({ account }: DesiredRole) =>
  ({ type, subject }: Binding) =>
    type === 'serviceAccount' && subject === account.id

const isGranted = (desired: DesiredRole, { bindings }: FoundPlace) =>
  bindings.some((one) => one.role === puller && isOwn(desired)(one))

/** Terraform writes a member as `TYPE:ID`. */
const membersOf = ({ bindings }: FoundPlace) =>
  bindings.filter(({ role }) => role === puller).map(({ type, subject }) => `${type}:${subject}`)

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'changes' | 'notes' | 'hcl'> & Partial<TrustFinding>

export function evaluateRole(desired: DesiredRole, facts: RoleFacts, context: Context): Evaluated {
  const { on } = desired
  const place = kindOf(on) === 'registry' ? facts.registry : facts.repository
  if (facts.registry === undefined || place === undefined) {
    const fault = whyAbsent(on, facts)
    return { presence: 'absent', verdict: 'refused', changes: [], notes: [], fault, hcl: absentHcl(desired) }
  }
  const notes = notesOn(desired, facts.registry, place)
  const hcl = roleHcl(desired, puller, { resourceId: place.id, members: membersOf(place) })
  if (isGranted(desired, place)) return { presence: 'present', verdict: 'ok', changes: [], notes, hcl }
  if (isGranted(desired, facts.registry))
    return { presence: 'present', verdict: 'ok', changes: [], notes, hcl: inheritedHcl(desired) }
  // Terraform imports the members of others, who stay.
  const presence = membersOf(place).length > 0 ? 'present' : 'absent'
  return { presence, verdict: 'grant', changes: [grantChange(desired, place, context)], notes, hcl }
}

export const absentHcl = (desired: DesiredRole): TrustFinding['hcl'] =>
  roleHcl(desired, puller, { resourceId: desired.on, members: [] })

const whyAbsent = (on: string, { registry }: RoleFacts) =>
  registry === undefined
    ? trustRefused(`registry ${registryOf(on)} does not exist`, {
        expected: 'an existing registry: pullpass trust does not create registries',
        hint: 'correct yandex.trust.repositories',
        command: 'yc container registry list',
      })
    : trustRefused(`repository ${on} does not exist`, {
        expected: 'an existing repository: the first image that is pushed creates it',
        hint: 'push an image, correct yandex.trust.repositories, or name the whole registry',
        command: `yc container repository list --registry-id ${registryOf(on)}`,
      })

/** What the service account may do besides. */
function notesOn(desired: DesiredRole, registry: FoundPlace, place: FoundPlace): string[] {
  const isBroader = place !== registry && isGranted(desired, registry)
  const others = [...new Set([registry, place])].flatMap(({ bindings }) => bindings.filter(isOwn(desired)))
  const roles = new Set(others.flatMap(({ role }) => (role === puller ? [] : [role])))
  return [
    ...(isBroader ? [`it may pull from all repositories of registry ${registry.id}`] : []),
    ...[...roles].map((role) => `it also has the role ${role} there`),
  ]
}

function grantChange(desired: DesiredRole, { id }: FoundPlace, context: Context): Change {
  const { on, account, accounts } = desired
  const kind = kindOf(on)
  return changeOf(
    {
      action: 'grant',
      description: `grant ${puller} on ${kind} ${on} to service account ${account.id}`,
      words: [
        'container',
        kind,
        'add-access-binding',
        '--id',
        id,
        '--role',
        puller,
        '--service-account-id',
        account.id,
      ],
      byTerraform: accounts === 'one' ? 'applied' : 'not applied',
    },
    async () => await writeBinding(context, desired, id, 'ADD'),
  )
}

const writeBinding = async (
  context: Context,
  { on, account }: DesiredRole,
  id: string,
  action: 'ADD' | 'REMOVE',
): Promise<void> => {
  const kind = kindOf(on) === 'registry' ? 'registries' : 'repositories'
  const accessBinding = { roleId: puller, subject: { id: account.id, type: 'serviceAccount' } }
  await changeYandex(context, {
    api: 'container-registry',
    method: 'POST',
    path: `/container-registry/v1/${kind}/${id}:updateAccessBindings`,
    json: { accessBindingDeltas: [{ action, accessBinding }] },
    needs: administers(registryOf(on)),
  })
}

export const roleEntry = (desired: DesiredRole): RecordEntry => ({
  key: recordKey('grant', roleName(desired)),
  text: JSON.stringify({ role: puller, on: desired.on, member: `serviceAccount:${desired.account.id}` }),
  namespaces: desired.namespaces,
})

/** Removable if nothing else signs in as the service account; whether pullpass granted it is recorded. */
export function planRoleRemoval(
  desired: DesiredRole,
  facts: RoleFacts,
  others: readonly string[],
  context: Context,
): RemovalPlan {
  const place = kindOf(desired.on) === 'registry' ? facts.registry : facts.repository
  if (place === undefined || !isGranted(desired, place)) return { state: 'absent' }
  if (others.length > 0) return { state: 'kept', note: `${others.join(' and ')} also signs in as the service account` }
  return {
    state: 'removable',
    async remove() {
      await writeBinding(context, desired, place.id, 'REMOVE')
      return undefined
    },
  }
}
