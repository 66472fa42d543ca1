/**
 * An allow policy, and one grant in it. Everything else is written as it was read: other members, conditions, audit settings.
 * https://cloud.google.com/iam/docs/reference/rest/v1/Policy
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { retry } from '../../../http/retry.ts'
import { type ApiResponse, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { orAbsent } from '../../trust/responses.ts'
import { type DesiredGrant, type GrantTarget, grantName, targetName } from './desired-state.ts'
import { type GcpConnection, sendTrustRequest, targetPath } from './requests.ts'

/** As it was read, including fields that pullpass does not know. */
export type Policy = JsonObject

/** The limit of principals in a policy, each occurrence counted. https://cloud.google.com/iam/quotas */
export const mostMembers = 1500

type GrantState = 'unconditional' | 'conditional' | 'absent'

export function findGrant(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): GrantState {
  const bindings = bindingsOf(policy).filter(
    (binding) => binding['role'] === role && membersOf(binding).includes(member),
  )
  if (bindings.some(isPlain)) return 'unconditional'
  return bindings.length > 0 ? 'conditional' : 'absent'
}

/** With the grant in the role's binding without a condition, which is created if there is none. */
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

/** Whether a deleted account of the member's name has the grant, and has it again if it is undeleted. */
export function isGrantedToDeleted(policy: Policy, { role, member }: Pick<DesiredGrant, 'role' | 'member'>): boolean {
  const start = `deleted:${member}?uid=`
  const bindings = bindingsOf(policy).filter((binding) => binding['role'] === role && isPlain(binding))
  return bindings.flatMap(membersOf).some((one) => one.startsWith(start))
}

/** Unique IDs of deleted accounts of this name: `deleted:serviceAccount:EMAIL?uid=ID`. */
export function deletedIds(policy: Policy, email: string): string[] {
  const start = `deleted:serviceAccount:${email}?uid=`
  const members = bindingsOf(policy).flatMap(membersOf)
  const ids = members.flatMap((member) => (member.startsWith(start) ? member.slice(start.length) : []))
  return [...new Set(ids.filter((id) => /^\d{1,30}$/.test(id)))]
}

/** The number of members that may impersonate the service account of the policy. */
export const countActing = (policy: Policy): number =>
  bindingsOf(policy)
    .filter(({ role }) => role === 'roles/iam.workloadIdentityUser' || role === 'roles/iam.serviceAccountTokenCreator')
    .reduce((sum, binding) => sum + membersOf(binding).length, 0)

export const countMembers = (policy: Policy): number =>
  bindingsOf(policy).reduce((sum, binding) => sum + membersOf(binding).length, 0)

/** Version 3 declares support for conditions: without it Google refuses policies with conditions. */
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

export const policyFull = (grant: DesiredGrant, members: number): PullpassError =>
  new PullpassError({
    code: 'TRUST_POLICY_FULL',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} has ${members} members, so ${grantName(grant)} cannot be added`,
    expected: `fewer than ${mostMembers} members, each occurrence counted`,
    hint: 'grant to a group or to a principalSet instead of many members, or remove unused members',
  })

// The policy of a service account or a repository, with its conditions. https://cloud.google.com/iam/docs/policies

/** Undefined if the resource does not exist. */
export async function readPolicy(google: GcpConnection, on: GrantTarget): Promise<Policy | undefined> {
  // An earlier version omits conditions, and writing it back would remove them.
  const path = `${targetPath(on)}:getIamPolicy?options.requestedPolicyVersion=3`
  const request =
    on.kind === 'serviceAccount'
      ? ({ method: 'POST', path } as const)
      : ({ method: 'GET', path, api: 'artifactregistry' } as const)
  return await orAbsent(sendTrustRequest(google, { ...request, read: readPolicyBody }))
}

function readPolicyBody({ body }: ApiResponse): Policy {
  const policy = asObject(body)
  if (policy === undefined) throw new UnexpectedResponse('it is not a policy')
  return policy
}

/**
 * Changes one grant in a policy: reads, changes and writes it with its etag, and reads it again after a conflict.
 * https://cloud.google.com/iam/docs/policies#etag
 */
const attempts = 8

/** `edit` returns the desired policy, or the same object if nothing changes. @throws TRUST_CONFLICT, TRUST_POLICY_FULL, TRUST_NOT_FOUND */
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

/** @throws TRUST_CONFLICT if the policy was changed since it was read */
async function set(google: GcpConnection, grant: DesiredGrant, policy: Policy): Promise<void> {
  const api = grant.on.kind === 'repository' ? ({ api: 'artifactregistry' } as const) : {}
  const path = `${targetPath(grant.on)}:setIamPolicy`
  try {
    await sendTrustRequest(google, { method: 'POST', path, json: { policy }, read: readPolicyBody, ...api })
  } catch (fault) {
    throw fault instanceof PullpassError && isConflict(fault) ? conflictPersists(grant) : fault
  }
}

const isConflict = ({ code }: PullpassError): boolean => code === 'TRUST_CONFLICT'

const absent = ({ on }: DesiredGrant) =>
  new PullpassError({
    code: 'TRUST_NOT_FOUND',
    hop: 'trust',
    seen: `${targetName(on)} does not exist, so it has no policy`,
    expected: 'it to exist',
    hint: 'run it again: it may have been deleted a moment ago',
  })

const conflictPersists = (grant: DesiredGrant) =>
  new PullpassError({
    code: 'TRUST_CONFLICT',
    hop: 'trust',
    seen: `the policy of ${targetName(grant.on)} was changed by other writers between each read and write, ${attempts} times`,
    expected: `no concurrent changes while ${grantName(grant)} is changed`,
    hint: 'find the other writer in the audit log, then run it again',
    retryable: true,
  })
