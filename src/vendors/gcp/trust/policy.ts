/**
 * An allow policy, and one grant in it. All else is carried along as it was read: other members, conditions, audit rules.
 * https://cloud.google.com/iam/docs/reference/rest/v1/Policy
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { retry } from '../../../http/retry.ts'
import { type ApiResponse, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { type DesiredGrant, type GrantTarget, grantName, targetName } from './desired-state.ts'
import { targetPath } from './names.ts'
import { type GcpConnection, sendTrustRequest, undefinedWhereAbsent } from './requests.ts'

/** As it was read; what pullpass does not know of it is written back. */
export type Policy = JsonObject

/** Principals that one policy takes, each appearance counted. https://cloud.google.com/iam/quotas */
export const mostMembers = 1500

type Held = 'plainly' | 'under a condition' | 'not at all'

export function holds(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): Held {
  const held = bindingsOf(policy).filter((binding) => binding['role'] === role && membersOf(binding).includes(member))
  if (held.some(isPlain)) return 'plainly'
  return held.length > 0 ? 'under a condition' : 'not at all'
}

/** With the grant in the role's binding without a condition, which is made where there is none. */
export function withGrant(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): Policy {
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

/** Without the grant, if it has no condition; a binding without members is removed. */
export function withoutGrant(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): Policy {
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
export function heldByDeleted(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): boolean {
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

/** Version 3 declares that the writer knows conditions: without it Google refuses policies that have any. */
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

/** A policy that takes no further member. */
export const policyFull = (grant: DesiredGrant, members: number): PullpassError =>
  new PullpassError({
    code: 'TRUST_POLICY_FULL',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} holds ${members} members, and cannot hold ${grantName(grant)}`,
    expected: `fewer than ${mostMembers}, each appearance counted`,
    hint: 'grant to a group or to a principalSet instead of many members, or remove unused members',
  })

// The policy of a service account or a repository, with its conditions. https://cloud.google.com/iam/docs/policies

/** Undefined where what it is of does not exist. */
export async function readPolicy(google: GcpConnection, on: GrantTarget): Promise<Policy | undefined> {
  // An earlier version hides conditions, and who writes it back loses them.
  const path = `${targetPath(on)}:getIamPolicy?options.requestedPolicyVersion=3`
  const asked =
    on.kind === 'serviceAccount'
      ? ({ method: 'POST', path } as const)
      : ({ method: 'GET', path, api: 'artifactregistry' } as const)
  return await sendTrustRequest(google, { ...asked, read: readPolicyBody }).catch(undefinedWhereAbsent)
}

function readPolicyBody({ body }: ApiResponse): Policy {
  const policy = asObject(body)
  if (policy === undefined) throw new UnexpectedResponse('it is no policy')
  return policy
}

/**
 * Changes one grant in a policy: read, changed, written with its etag; and read again after a conflict.
 * https://cloud.google.com/iam/docs/policies#etag
 */
const attempts = 8

/** `edit` gives the policy as it is to be, or itself where nothing is to do. @throws TRUST_CONFLICT, TRUST_POLICY_FULL, TRUST_NOT_FOUND */
export async function writePolicy(
  google: GcpConnection,
  grant: DesiredGrant,
  edit: (policy: Policy) => Policy,
): Promise<void> {
  const change = async () => {
    const read = await readPolicy(google, grant.on)
    if (read === undefined) throw absent(grant)
    const policy = edit(read)
    if (policy === read) return
    const members = countMembers(policy)
    if (members > mostMembers && members > countMembers(read)) throw policyFull(grant, countMembers(read))
    await set(google, grant, policy)
  }
  await retry(change, { attempts, isRetryable: isConflict }, google.context)
}

/** @throws TRUST_CONFLICT where others were faster, as it reads after the last attempt */
async function set(google: GcpConnection, grant: DesiredGrant, policy: Policy): Promise<void> {
  const api = grant.on.kind === 'repository' ? ({ api: 'artifactregistry' } as const) : {}
  const path = `${targetPath(grant.on)}:setIamPolicy`
  try {
    await sendTrustRequest(google, { method: 'POST', path, json: { policy }, read: readPolicyBody, ...api })
  } catch (fault) {
    throw fault instanceof PullpassError && isConflict(fault) ? outrun(grant) : fault
  }
}

const isConflict = ({ code }: PullpassError): boolean => code === 'TRUST_CONFLICT'

const absent = ({ on }: DesiredGrant) =>
  new PullpassError({
    code: 'TRUST_NOT_FOUND',
    hop: 'trust',
    seen: `${targetName(on)} does not exist, and so has no policy`,
    expected: 'it to exist',
    hint: 'run it again: it may have been deleted a moment ago',
  })

const outrun = (grant: DesiredGrant) =>
  new PullpassError({
    code: 'TRUST_CONFLICT',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} was changed by others ${attempts} times while pullpass worked on it`,
    expected: `a moment of rest, to change ${grantName(grant)}`,
    hint: 'see who else writes it (the audit log names them), then run it again',
    retryable: true,
  })
