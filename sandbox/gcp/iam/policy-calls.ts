/**
 * `:getIamPolicy` and `:setIamPolicy`, for every resource. https://cloud.google.com/iam/docs/policies
 */
import { createHash } from 'node:crypto'
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { apiError, invalidArgument } from '../api-errors.ts'
import type { Binding, IamPolicies, StoredPolicy } from './iam-policies.ts'
import { readJson } from './request-fields.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import type { WorkloadIdentity } from './workload-identity.ts'

export interface PolicyCallNeeds {
  readonly policies: IamPolicies
  /** Google's message for an invalid new binding. */
  readonly checkBinding: (binding: Binding) => string | undefined
  readonly effectiveAt: () => Date
}

const maxMembers = 1500
const maxBytes = 64 * 1024

export function readPolicy(
  { query }: SandboxRequest,
  resource: string,
  { policies }: PolicyCallNeeds,
): SandboxResponse {
  const version = Number(query.get('options.requestedPolicyVersion') ?? 1)
  if (![0, 1, 3].includes(version)) return invalidArgument()
  return { status: 200, body: policyView(policies.read(resource), version) }
}

export function writePolicy(
  request: SandboxRequest,
  resource: string,
  { policies, checkBinding, effectiveAt }: PolicyCallNeeds,
): SandboxResponse {
  const sent = Object(readJson(request.body)?.['policy'])
  const bindings = bindingsIn(sent)
  if (!bindings) return invalidArgument()
  const current = policies.read(resource)
  if (sent.etag && !sameBytes(sent.etag, current.etag)) return concurrentChange(String(sent.etag), current.etag)
  const error =
    sizeError(bindings) ??
    versionError(sent, bindings, current) ??
    deletedMemberError(bindings) ??
    firstBindingError(bindings, checkBinding)
  if (error !== undefined) return invalidArgument(error)
  return { status: 200, body: policyView(policies.write(resource, bindings, effectiveAt()), 3) }
}

/** Before version 3 a conditional binding is returned without its condition, with a role name that does not exist. */
function policyView({ bindings, etag }: StoredPolicy, version: number): object {
  if (bindings.length === 0) return { etag }
  const conditional = bindings.some(({ condition }) => condition)
  if (version === 3) return { version: conditional ? 3 : 1, etag, bindings }
  const shown = bindings.map(({ role, members, condition }) => ({
    role: condition ? `${role}_withcond_${hashOf(condition)}` : role,
    members,
  }))
  return { version: 1, etag, bindings: shown }
}

const hashOf = (condition: object) => createHash('sha256').update(JSON.stringify(condition)).digest('hex').slice(0, 20)

function bindingsIn({ bindings = [] }: { bindings?: unknown }): readonly Binding[] | undefined {
  if (!Array.isArray(bindings)) return undefined
  const parsed = bindings.map((binding): Binding | undefined => {
    const { role, members = [], condition } = Object(binding)
    if (typeof role !== 'string' || !Array.isArray(members) || !members.every((one) => typeof one === 'string'))
      return undefined
    return { role, members: [...new Set(members)], ...(condition && { condition }) }
  })
  const whole = parsed.filter((binding) => binding !== undefined)
  return whole.length < parsed.length ? undefined : merge(whole.filter(({ members }) => members.length > 0))
}

/** Merges bindings with the same role and condition. */
function merge(bindings: readonly Binding[]): readonly Binding[] {
  const byKey = Map.groupBy(bindings, ({ role, condition }) => JSON.stringify([role, condition]))
  return [...byKey.values()].flatMap((same) =>
    same.slice(0, 1).map((first) => ({ ...first, members: [...new Set(same.flatMap(({ members }) => members))] })),
  )
}

const concurrentChange = (requested: string, current: string): SandboxResponse =>
  apiError(
    409,
    'ABORTED',
    'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. ' +
      `The request's ETag '${escaped(requested)}' did not match the current policy's ETag '${escaped(current)}'.`,
  )

/** Clients send the etag as base64 or base64url (gcloud); the JSON format of protocol buffers accepts both. */
const sameBytes = (one: unknown, other: string) =>
  Buffer.from(String(one), 'base64').equals(Buffer.from(other, 'base64'))

/** Google quotes the bytes of an etag, with unprintable ones in octal. */
const escaped = (etag: string) =>
  [...Buffer.from(etag, 'base64')]
    .map((byte) => (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte)))
    .join('')

/** The message for members is Google's; that for bytes is not confirmed. */
function sizeError(bindings: readonly Binding[]): string | undefined {
  const members = bindings.reduce((sum, binding) => sum + binding.members.length, 0)
  const grouped = (count: number) => count.toLocaleString('en-US')
  if (members > maxMembers)
    return `The number of members in the policy (${grouped(members)}) is larger than the maximum allowed size ${grouped(maxMembers)}.`
  const bytes = Buffer.byteLength(JSON.stringify({ bindings }))
  if (bytes > maxBytes)
    return `The size of the policy (${grouped(bytes)}) is larger than the maximum allowed size ${grouped(maxBytes)}.`
  return undefined
}

/** A client without support for conditions would remove them: allowed only without an etag. Messages not confirmed. */
function versionError(
  sent: { version?: unknown; etag?: unknown },
  bindings: readonly Binding[],
  current: StoredPolicy,
) {
  const conditional = (some: readonly Binding[]) => some.some(({ condition }) => condition)
  if (sent.version === 3) return undefined
  if (conditional(bindings)) return 'Bindings with a condition require policy version 3.'
  if (sent.etag && conditional(current.bindings))
    return 'The current policy contains conditional bindings: it must be written with policy version 3.'
  return undefined
}

/** A deleted account and a new one with the same name. Observed in 2020; not confirmed for the current API. */
function deletedMemberError(bindings: readonly Binding[]): string | undefined {
  const members = bindings.flatMap((binding) => binding.members)
  const deleted = members.find((member) => members.includes(/^deleted:(.+)\?uid=\d+$/.exec(member)?.[1] ?? ''))
  if (deleted === undefined) return undefined
  return `Inconsistent representation of deleted member: '${deleted}' and '${/^deleted:(.+)\?/.exec(deleted)?.[1]}'.`
}

function firstBindingError(
  bindings: readonly Binding[],
  checkBinding: PolicyCallNeeds['checkBinding'],
): string | undefined {
  for (const binding of bindings) {
    const error = checkBinding(binding)
    if (error !== undefined) return error
  }
  return undefined
}

/** Validation of a policy binding: roles of another service, invalid members and members that do not exist are refused. */
export interface BindingCheckNeeds {
  readonly accounts: ServiceAccounts
  readonly identity: WorkloadIdentity
}

const roleForm = /^(?:roles|organizations\/\d+\/roles|projects\/[^/]+\/roles)\/[\w.]+$/
const poolMember =
  /^principal(?:Set)?:\/\/iam\.googleapis\.com\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+)\/(?:subject\/|group\/|attribute\.\w+\/|\*$)/
const otherMember = /^(?:user|group|domain|deleted:\w+|principal|principalSet):|^all(?:AuthenticatedU|U)sers$/

/** `roles`: the prefix of roles that the resource supports. */
export const createBindingCheck =
  ({ accounts, identity }: BindingCheckNeeds, roles: string) =>
  ({ role, members }: Binding): string | undefined => {
    if (!roleForm.test(role))
      return 'The role name must be in the form "roles/{role}", "organizations/{organization_id}/roles/{role}", or "projects/{project_id}/roles/{role}".'
    const ofService = !role.startsWith('roles/') || role.startsWith(roles)
    if (!ofService) return `Role ${role} is not supported for this resource.`
    return members.map((member) => memberError(member, accounts, identity)).find((error) => error !== undefined)
  }

function memberError(member: string, accounts: ServiceAccounts, identity: WorkloadIdentity): string | undefined {
  const email = /^serviceAccount:([^[]+@.+)$/.exec(member)?.[1]
  if (email !== undefined) return accounts.find(email) ? undefined : `Service account ${email} does not exist.`
  const pool = poolMember.exec(member)?.[1]
  if (pool !== undefined)
    return identity.read(pool)
      ? undefined
      : `Identity Pool does not exist (${pool}). Please check that you specified a valid resource name as returned in the \`name\` attribute in the configuration API.`
  return otherMember.test(member) && !member.includes('/workloadIdentityPools/')
    ? undefined
    : `Invalid principal: "${member}".` // not confirmed
}
