/**
 * An allow policy, and one grant in it. All else is carried along as it was read: other members, conditions, audit rules.
 * https://cloud.google.com/iam/docs/reference/rest/v1/Policy
 */
import { asList, asObject, asText, type JsonObject } from '../../../outside/json-fields.ts'
import type { WantedGrant } from '../want/wanted-at-google.ts'

/** As it was read; what pullpass does not know of it is written back. */
export type Policy = JsonObject

/** Principals that one policy takes, each appearance counted. https://cloud.google.com/iam/quotas */
export const mostMembers = 1500

type Held = 'plainly' | 'under a condition' | 'not at all'

export function holds(policy: Policy, { role, member }: Pick<WantedGrant, 'role' | 'member'>): Held {
  const held = bindingsOf(policy).filter((binding) => binding['role'] === role && membersOf(binding).includes(member))
  if (held.some(isPlain)) return 'plainly'
  return held.length > 0 ? 'under a condition' : 'not at all'
}

/** With the grant in the role's binding without a condition, which is made where there is none. */
export function withGrant(policy: Policy, { role, member }: Pick<WantedGrant, 'role' | 'member'>): Policy {
  const bindings = bindingsOf(policy)
  const at = bindings.findIndex((binding) => binding['role'] === role && isPlain(binding))
  const merged =
    at < 0
      ? [...bindings, { role, members: [member] }]
      : bindings.map((binding, index) =>
          index === at ? { ...binding, members: [...new Set([...membersOf(binding), member])] } : binding,
        )
  return versioned(policy, merged)
}

/** Without the grant where no condition is on it; a binding that holds nobody any more goes. */
export function withoutGrant(policy: Policy, { role, member }: Pick<WantedGrant, 'role' | 'member'>): Policy {
  const rest = bindingsOf(policy).map((binding) =>
    binding['role'] === role && isPlain(binding)
      ? { ...binding, members: membersOf(binding).filter((one) => one !== member) }
      : binding,
  )
  return versioned(
    policy,
    rest.filter((binding) => !(binding['role'] === role && isPlain(binding) && membersOf(binding).length === 0)),
  )
}

/** Whether a deleted account of the member's name holds it, and has it again when it is undeleted. */
export function heldByDeleted(policy: Policy, { role, member }: Pick<WantedGrant, 'role' | 'member'>): boolean {
  const start = `deleted:${member}?uid=`
  const holding = bindingsOf(policy).filter((binding) => binding['role'] === role && isPlain(binding))
  return holding.flatMap(membersOf).some((one) => one.startsWith(start))
}

/** Of deleted accounts that had this name: `deleted:serviceAccount:EMAIL?uid=ID`. */
export function deletedIds(policy: Policy, email: string): string[] {
  const start = `deleted:serviceAccount:${email}?uid=`
  const members = bindingsOf(policy).flatMap(membersOf)
  const ids = members.flatMap((member) => (member.startsWith(start) ? member.slice(start.length) : []))
  return [...new Set(ids.filter((id) => /^\d{1,30}$/.test(id)))]
}

/** Members that may act as the service account whose policy it is. */
export const countActing = (policy: Policy): number =>
  bindingsOf(policy)
    .filter(({ role }) => role === 'roles/iam.workloadIdentityUser' || role === 'roles/iam.serviceAccountTokenCreator')
    .reduce((sum, binding) => sum + membersOf(binding).length, 0)

export const countMembers = (policy: Policy): number =>
  bindingsOf(policy).reduce((sum, binding) => sum + membersOf(binding).length, 0)

/** Version 3 says that whoever writes knows of conditions: without it Google refuses to keep them. */
function versioned(policy: Policy, bindings: readonly JsonObject[]): Policy {
  const conditional = bindings.some((binding) => !isPlain(binding))
  return { ...policy, bindings, ...(conditional && { version: 3 }) }
}

const bindingsOf = (policy: Policy): JsonObject[] =>
  asList(policy['bindings'])
    .map(asObject)
    .filter((binding) => binding !== undefined)

const membersOf = (binding: JsonObject): string[] =>
  asList(binding['members']).flatMap((member) => asText(member) ?? [])

const isPlain = (binding: JsonObject) => asObject(binding['condition']) === undefined
