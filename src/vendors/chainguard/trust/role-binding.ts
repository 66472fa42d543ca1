/**
 * The role `registry.pull` of an identity on the organization or a folder, which applies to the folders in it. A role binding is created
 * and deleted by itself: those of others are not written. It cannot carry a mark, so it is recorded in the cluster.
 * https://github.com/chainguard-dev/sdk/blob/main/proto/chainguard/platform/iam/v2/role_bindings.proto
 */
import type { Context } from '../../../http/context.ts'
import { asObject, shortText } from '../../../text/json-fields.ts'
import { type RecordEntry, type RemovalPlan, recordKey, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { orAbsent } from '../../trust/responses.ts'
import { organizationOf, parentOf } from '../names.ts'
import { isFor } from './create-identity.ts'
import { bindingName, type DesiredBinding, type DesiredIdentity, identityName } from './desired.ts'
import { readIdentity } from './found-identity.ts'
import { listChainguard, requestChainguard, uidIn } from './requests.ts'
import { bindingHcl, withoutBlock } from './terraform.ts'

const puller = 'registry.pull'
const noRole = `the role ${puller} was not found`

interface FoundBinding {
  readonly uid: string
  /** Of the organization or folder. */
  readonly group: string
  readonly groupName: string
  readonly role: string
  readonly roleName: string
}

/** `fix`: where the document names it. */
interface MissingGroup {
  readonly missing: string
  readonly fix: { readonly hint: string; readonly command: string }
}

export interface BindingFacts {
  /** Of the organization or folder; or why it does not exist. */
  readonly group: { readonly uid: string } | MissingGroup
  /** UID of the built-in role; undefined: the operator may not read it. */
  readonly role: string | undefined
  /** Of the identity, as far as the operator may read them. */
  readonly bindings: readonly FoundBinding[]
  /** UIDs of all organizations and folders that the identity pulls from; empty unless the binding reports for all. */
  readonly desiredGroups: readonly string[]
}

/** @throws TRUST_DENIED, TRUST_UNAVAILABLE, RESPONSE_MALFORMED */
export async function readBinding(context: Context, { on, all, identity }: DesiredBinding): Promise<BindingFacts> {
  const [group, role, bindings] = await Promise.all([
    findGroup(context, on, identity),
    findRole(context, identity),
    listBindings(context, identity),
  ])
  if (bindings.length === 0 && 'uid' in group) await checkListable(context, group.uid)
  const groups = await Promise.all(all.map(async (one) => await findGroup(context, one, identity)))
  return { group, role, bindings, desiredGroups: groups.flatMap((one) => ('uid' in one ? [one.uid] : [])) }
}

/** A list is also empty for an operator who may not list role bindings; a request for one of an organization or folder is refused. */
async function checkListable(context: Context, group: string): Promise<void> {
  const path = `/iam/v2/roleBindings/${group}/0000000000000000`
  const needs = { capability: 'role_bindings.list', on: group }
  await orAbsent(requestChainguard(context, { method: 'GET', path, needs }, () => undefined))
}

/** By the names of the path: the organization is that of the identity, also by its id, which the registry accepts too. */
async function findGroup(context: Context, on: string, { uid }: DesiredIdentity): Promise<BindingFacts['group']> {
  const organization = organizationOf(uid)
  const needs = { capability: 'groups.list', on: organization }
  const [name = '', ...folders] = on.split('/')
  const found = await orAbsent(
    requestChainguard(context, { method: 'GET', path: `/iam/v2/groups/${organization}`, needs }, groupIn),
  )
  const listed = { command: 'chainctl iam organizations list' }
  if (found?.uid !== organization) {
    const fix = { hint: 'correct chainguard.identity, which begins with the id of the organization', ...listed }
    return { missing: `organization ${organization} does not exist`, fix }
  }
  if (name !== found.name && name !== organization) {
    const fix = { hint: 'correct chainguard.trust.repositories or chainguard.identity', ...listed }
    return { missing: `${name} is not the organization of the identity, which is ${found.name}`, fix }
  }
  let current = organization
  let path = name
  for (const folder of folders) {
    path = `${path}/${folder}`
    const query = { 'uidp.children_of': current, name: folder }
    const children = await listChainguard(context, { path: '/iam/v2/groups', query, field: 'groups', needs }, groupIn)
    const child = children.find((one) => one.name === folder && parentOf(one.uid) === current)
    if (child === undefined) {
      const fix = {
        hint: 'correct chainguard.trust.repositories',
        command: `chainctl iam folders list ${organization}`,
      }
      return { missing: `folder ${path} does not exist`, fix }
    }
    current = child.uid
  }
  return { uid: current }
}

function groupIn(value: unknown): { readonly uid: string; readonly name: string } {
  const { uid, name } = asObject(value) ?? {}
  return { uid: uidIn(uid, 'an organization or folder'), name: shortText(name) ?? '' }
}

/** A custom role is below an organization, and may have the same name. */
async function findRole(context: Context, { uid }: DesiredIdentity): Promise<string | undefined> {
  const roles = await listChainguard(
    context,
    {
      path: '/iam/v2/roles',
      query: { name: puller },
      field: 'roles',
      needs: { capability: 'roles.list', on: organizationOf(uid) },
    },
    (value) => ({ uid: uidIn(asObject(value)?.['uid'], 'a role'), name: shortText(asObject(value)?.['name']) }),
  )
  return roles.find((one) => one.name === puller && parentOf(one.uid) === '')?.uid
}

export const listBindings = async (
  context: Context,
  { uid }: Pick<DesiredIdentity, 'uid'>,
): Promise<FoundBinding[]> => {
  const found = await listChainguard(
    context,
    {
      path: '/iam/v2/roleBindings',
      query: { identity: uid },
      field: 'roleBindings',
      needs: { capability: 'role_bindings.list', on: organizationOf(uid) },
    },
    (value) => {
      const { uid: own, identity, group, role, identityUid, roleUid } = asObject(value) ?? {}
      const bindingUid = uidIn(own, 'a role binding')
      return {
        uid: bindingUid,
        identity: shortText(asObject(identity)?.['uid']) ?? shortText(identityUid),
        group: parentOf(bindingUid),
        groupName: shortText(asObject(group)?.['name']) ?? '',
        role: shortText(asObject(role)?.['uid']) ?? shortText(roleUid) ?? '',
        roleName: shortText(asObject(role)?.['name']) ?? '',
      }
    },
  )
  return found.filter(({ identity }) => identity === uid)
}

/** Several may exist: whether Chainguard refuses a second one is not documented. */
const bindingsOn = ({ role, bindings }: BindingFacts, group: string) =>
  bindings.filter((one) => one.group === group && role !== undefined && one.role === role)

/** Of the organization, or a folder around it. */
const isAround = (outer: string, inner: string) => inner.startsWith(`${outer}/`)

const describeGroup = ({ group, groupName }: FoundBinding) => (groupName === '' ? group : groupName)

export function evaluateBinding(desired: DesiredBinding, facts: BindingFacts, context: Context): VendorFinding {
  const { on } = desired
  const { group, role, bindings } = facts
  if ('missing' in group) {
    const fault = trustRefused(group.missing, {
      expected: 'an existing organization or folder: pullpass trust does not create them',
      ...group.fix,
    })
    return { presence: 'absent', verdict: 'refused', fault, hcl: absentBindingHcl(desired) }
  }
  if (role === undefined) {
    const fault = trustRefused(noRole, {
      expected: 'the built-in role',
      hint: 'sign in as an account that may list roles',
      command: 'chainctl iam roles list',
    })
    return { presence: 'absent', verdict: 'refused', fault, hcl: absentBindingHcl(desired) }
  }
  const [existing] = bindingsOn(facts, group.uid)
  const outer = bindings.filter((one) => one.role === role && isAround(one.group, group.uid))
  const notes = [
    ...outer.map((one) => `it may pull from all of ${describeGroup(one)}`),
    ...(desired.all.length > 0 ? furtherRoles(facts, group.uid) : []),
  ]
  const hcl = bindingHcl(desired, { group: group.uid, role, uid: existing?.uid })
  if (existing !== undefined) return { presence: 'present', verdict: 'ok', notes, hcl }
  const [around] = outer
  if (around !== undefined) {
    const given = withoutBlock(`${bindingName(desired)}: the role on ${describeGroup(around)} applies.`)
    return { presence: 'present', verdict: 'ok', notes, hcl: given }
  }
  const change = grant(desired, { group: group.uid, role, on }, context)
  return { presence: 'absent', verdict: 'grant', changes: [change], notes, hcl }
}

export const absentBindingHcl = (desired: DesiredBinding): ReturnType<typeof bindingHcl> =>
  bindingHcl(desired, { group: '', role: '' })

/** What the identity may do besides; a role around a group is reported with that. */
function furtherRoles({ bindings, role, desiredGroups }: BindingFacts, own: string): string[] {
  const others = bindings.filter(
    (one) =>
      one.role !== role ||
      !(one.group === own || desiredGroups.some((group) => group === one.group || isAround(one.group, group))),
  )
  return others.map((one) => `it also has the role ${one.roleName || one.role} on ${describeGroup(one)}`)
}

function grant(
  { identity: { uid } }: DesiredBinding,
  { group, role, on }: { readonly group: string; readonly role: string; readonly on: string },
  context: Context,
): VendorChange {
  return {
    action: 'grant',
    description: `grant ${puller} on ${on} to identity ${uid}`,
    words: ['iam', 'role-bindings', 'create', '--identity', uid, '--role', role, '--parent', group, '--yes'],
    apply: async () =>
      await requestChainguard(
        context,
        {
          method: 'POST',
          path: `/iam/v2/roleBindings/${group}`,
          json: { identityUid: uid, roleUid: role },
          repeat: 'never',
          needs: { capability: 'role_bindings.create', on: group },
        },
        () => undefined,
      ),
  }
}

export const bindingEntry = (desired: DesiredBinding): RecordEntry => ({
  key: recordKey('grant', bindingName(desired)),
  text: JSON.stringify({ role: puller, on: desired.on, member: identityName(desired.identity) }),
  namespaces: desired.namespaces,
})

export async function readOwnBindings(context: Context, desired: DesiredBinding): Promise<readonly FoundBinding[]> {
  const facts = await readBinding(context, { ...desired, all: [] })
  return 'uid' in facts.group ? bindingsOn(facts, facts.group.uid) : []
}

/** Removable if nothing else assumes the identity; whether pullpass created it is recorded. */
export async function planBindingRemoval(desired: DesiredBinding, context: Context): Promise<RemovalPlan> {
  const facts = await readBinding(context, { ...desired, all: [] })
  if ('missing' in facts.group) return { state: 'kept', note: facts.group.missing }
  if (facts.role === undefined) return { state: 'kept', note: noRole }
  const own = bindingsOn(facts, facts.group.uid)
  if (own.length === 0) return { state: 'absent' }
  const identity = await readIdentity(context, desired.identity.uid)
  if (identity !== undefined && !isFor(identity.accepts, desired.identity))
    return { state: 'kept', note: 'the identity is also for other tokens' }
  return {
    state: 'removable',
    async remove() {
      for (const { uid } of own) {
        const needs = { capability: 'role_bindings.delete', on: parentOf(uid) }
        const request = { method: 'DELETE', path: `/iam/v2/roleBindings/${uid}`, statuses: [200, 204], needs } as const
        await orAbsent(requestChainguard(context, request, () => true))
      }
      return undefined
    },
  }
}
