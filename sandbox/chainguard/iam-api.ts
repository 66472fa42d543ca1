/**
 * The IAM part of Chainguard's API, for operators. A list contains what the operator may see, and is empty without the capability.
 * https://github.com/chainguard-dev/sdk/tree/main/proto/chainguard/platform/iam/v2, https://edu.chainguard.dev/platform/api/api-v2-tutorial/
 */
import { randomBytes } from 'node:crypto'
import { jsonOf } from '../issuer/federated-service.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { type ChainguardState, type Identity, newUid, parentOf, type RoleBinding } from './state.ts'

const capabilities = [
  'groups.list',
  'roles.list',
  'identity.list',
  'identity.update',
  'identity.delete',
  'role_bindings.list',
  'role_bindings.create',
  'role_bindings.delete',
] as const

export type Capability = (typeof capabilities)[number]

/** Who may configure trust. */
export interface Operator {
  readonly token: string
  /** Tests remove one. */
  readonly allowed: Set<Capability>
  /** Whether the token is valid. */
  state: 'valid' | 'expired'
}

export const createOperator = (): Operator => ({
  token: [16, 256, 64].map((bytes) => randomBytes(bytes).toString('base64url')).join('.'),
  allowed: new Set(capabilities),
  state: 'valid',
})

/** The HTTP status of each gRPC code. https://github.com/grpc-ecosystem/grpc-gateway/blob/main/runtime/errors.go */
const statuses = { 3: 400, 5: 404, 7: 403, 9: 400, 16: 401 } as const
const reasons = {
  3: 'INVALID_ARGUMENT',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  9: 'FAILED_PRECONDITION',
  16: 'UNAUTHENTICATED',
} as const

/** https://google.aip.dev/193; the texts of messages other than that of an invalid name are not documented. */
const refused = (code: keyof typeof statuses, message: string): SandboxResponse => ({
  status: statuses[code],
  body: {
    code,
    message,
    details: [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: reasons[code], domain: 'iam.chainguard.dev' },
    ],
  },
})

const empty: SandboxResponse = { status: 200, body: '' }
const path = /^\/iam\/v2\/(groups|roles|identities|roleBindings)(?:\/([a-z0-9/]+))?$/

export const iamApi =
  (operator: Operator, state: ChainguardState): SandboxHandler =>
  (request) => {
    const isValid = request.headers['authorization'] === `Bearer ${operator.token}` && operator.state === 'valid'
    if (!isValid) return refused(16, 'Unauthenticated: token is expired or invalid')
    const [, kind, uid] = path.exec(request.path) ?? []
    const call = { request, state, operator, uid }
    if (kind === 'groups') return groupCall(call)
    if (kind === 'roles') return listOf('roles', allowed(call, 'roles.list', [...state.roles.values()]), request)
    if (kind === 'identities') return identityCall(call)
    return kind === 'roleBindings' ? bindingCall(call) : { status: 404, body: '' }
  }

interface Call {
  readonly request: SandboxRequest
  readonly state: ChainguardState
  readonly operator: Operator
  readonly uid: string | undefined
}

const denial = ({ operator }: Call, capability: Capability, on: string): SandboxResponse | undefined =>
  operator.allowed.has(capability)
    ? undefined
    : refused(7, `Permission denied: missing capability ${capability} on ${on}`)

const allowed = <T>({ operator }: Call, capability: Capability, items: readonly T[]): readonly T[] =>
  operator.allowed.has(capability) ? items : []

/** At most `page_size` items (50 by default), and the token of the next page. */
function listOf(
  field: string,
  all: readonly { readonly uid: string; readonly name?: string }[],
  { method, query }: SandboxRequest,
): SandboxResponse {
  if (method !== 'GET') return { status: 501, body: '' }
  const size = Number(query.get('page_size') ?? 50)
  if (!(size >= 1 && size <= 200)) return refused(3, 'Invalid argument: page_size')
  const [name, parent, ancestor] = ['name', 'uidp.children_of', 'uidp.descendants_of'].map((key) => query.get(key))
  const items = all.filter(
    (one) =>
      (name === null || one.name === name) &&
      (parent === null || parentOf(one.uid) === parent) &&
      (ancestor === null || one.uid.startsWith(`${ancestor}/`)),
  )
  const start = Number(query.get('page_token') ?? 0)
  const next = start + size < items.length ? { nextPageToken: String(start + size) } : {}
  return {
    status: 200,
    body: { [field]: items.slice(start, start + size), ...next, totalCount: String(items.length), skipped: 0 },
  }
}

function groupCall(call: Call): SandboxResponse {
  const { request, state, uid } = call
  if (uid === undefined) return listOf('groups', allowed(call, 'groups.list', [...state.groups.values()]), request)
  const found = state.groups.get(uid)
  if (request.method !== 'GET') return { status: 501, body: '' }
  return (
    denial(call, 'groups.list', uid) ?? (found ? { status: 200, body: found } : refused(5, `Not found: group ${uid}`))
  )
}

function identityCall(call: Call): SandboxResponse {
  const { request, state, uid } = call
  const { method, query } = request
  if (uid === undefined)
    return listOf('identities', allowed(call, 'identity.list', [...state.identities.values()]), request)
  const found = state.identities.get(uid)
  const absent = refused(5, `Not found: identity ${uid}`)
  if (method === 'GET') return denial(call, 'identity.list', uid) ?? (found ? { status: 200, body: found } : absent)
  if (method === 'DELETE') {
    const denied = denial(call, 'identity.delete', uid)
    if (denied !== undefined) return denied
    if (!state.identities.delete(uid)) return absent
    for (const [key, { identityUid }] of state.bindings) if (identityUid === uid) state.bindings.delete(key)
    return empty
  }
  if (method !== 'PATCH') return { status: 501, body: '' }
  const denied = denial(call, 'identity.update', uid)
  if (denied !== undefined) return denied
  if (found === undefined) return absent
  const updated = updatedIdentity(found, jsonOf(request), query.get('updateMask'))
  if (!('uid' in updated)) return updated
  state.identities.set(uid, updated)
  return { status: 200, body: updated }
}

/** `*` replaces every field; no mask: the fields of the body. */
function updatedIdentity(found: Identity, fields: object, mask: string | null): Identity | SandboxResponse {
  const given = Object.entries(fields).filter(
    ([name]) => mask === null || mask === '*' || mask.split(',').includes(name),
  )
  const base = mask === '*' ? { uid: found.uid, name: '', description: '' } : found
  const updated: Identity = { ...base, ...Object.fromEntries(given), uid: found.uid }
  if (!/^[a-z0-9 ._-]{1,}$/.test(updated.name))
    return refused(3, 'Invalid argument: name: name must match "^[a-z0-9 ._-]{1,}$"')
  if (!/^[\S ]{0,512}$/.test(updated.description)) return refused(3, 'Invalid argument: description')
  if (updated.claimMatch === undefined && updated.staticKeys === undefined)
    return refused(3, 'Invalid argument: relationship')
  const { issuer, issuerPattern, subject, subjectPattern } = updated.claimMatch ?? {}
  const isWhole = (issuer ?? issuerPattern) !== undefined && (subject ?? subjectPattern) !== undefined
  if (updated.claimMatch !== undefined && !isWhole) return refused(3, 'Invalid argument: claim_match')
  return updated
}

function bindingCall(call: Call): SandboxResponse {
  const { request, state, uid } = call
  const { method, query } = request
  if (uid === undefined) {
    const of = query.get('identity')
    const all = [...state.bindings.values()].filter(({ identityUid }) => of === null || identityUid === of)
    return listOf(
      'roleBindings',
      allowed(call, 'role_bindings.list', all).map((one) => hydrated(one, state)),
      request,
    )
  }
  if (method === 'GET') {
    const found = state.bindings.get(uid)
    const absent = refused(5, `Not found: role binding ${uid}`)
    const denied = denial(call, 'role_bindings.list', parentOf(uid))
    return denied ?? (found === undefined ? absent : { status: 200, body: hydrated(found, state) })
  }
  if (method === 'DELETE') {
    // Returns success if it does not exist (AIP-135).
    const denied = denial(call, 'role_bindings.delete', parentOf(uid))
    if (denied === undefined) state.bindings.delete(uid)
    return denied ?? empty
  }
  if (method !== 'POST') return { status: 501, body: '' }
  const denied = denial(call, 'role_bindings.create', uid)
  if (denied !== undefined) return denied
  const { identityUid, roleUid } = Object(jsonOf(request))
  if (!state.groups.has(uid)) return refused(5, `Not found: group ${uid}`)
  if (!state.identities.has(identityUid)) return refused(5, `Not found: identity ${identityUid}`)
  if (!state.roles.has(roleUid)) return refused(5, `Not found: role ${roleUid}`)
  // Whether a second one for the same identity and role is refused is not documented.
  const created = { uid: newUid(uid), identityUid, roleUid }
  state.bindings.set(created.uid, created)
  return { status: 200, body: hydrated(created, state) }
}

const hydrated = ({ uid, identityUid, roleUid }: RoleBinding, { identities, groups, roles }: ChainguardState) => ({
  uid,
  identity: { uid: identityUid, name: identities.get(identityUid)?.name },
  group: groups.get(parentOf(uid)),
  role: roles.get(roleUid),
})
