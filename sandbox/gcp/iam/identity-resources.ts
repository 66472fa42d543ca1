/**
 * Pools and providers of IAM's API: create, get, list, patch, delete, undelete; each write is an operation.
 * https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools
 */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { alreadyExists, failedPrecondition, invalidArgument, notFound, quotaExceeded } from '../api-errors.ts'
import type { Operations } from '../operations.ts'
import type { Operators } from '../operators.ts'
import type { GoogleSettings } from '../settings.ts'
import { identityIdError, unknownName } from './check-identity.ts'
import type { IdentityKind } from './identity-kinds.ts'
import { mergeByMask, pageOf, readJson } from './request-fields.ts'
import { deletionExpiry, type IdentityResource, type WorkloadIdentity } from './workload-identity.ts'

export interface IdentityResourcesNeeds {
  readonly identity: WorkloadIdentity
  readonly operations: Operations
  readonly operators: Operators
  readonly settings: () => GoogleSettings
  /** Whether one more write is within the quota of the project. */
  readonly mayWrite: (projectNumber: string) => boolean
  readonly now: () => Date
}

/** A call with its parsed path. */
export interface IdentityCall {
  readonly request: SandboxRequest
  readonly kind: IdentityKind
  readonly projectNumber: string
  /** Name of the pool, or of the project's location, with the project number. */
  readonly parent: string
  /** Absent for the collection. */
  readonly id: string | undefined
  readonly verb: string | undefined
}

const service = 'iam.googleapis.com'
const internal = ['name', 'state', 'expireTime'] // output only: ignored when clients send them

export function respondToIdentityCall(call: IdentityCall, needs: IdentityResourcesNeeds): SandboxResponse | undefined {
  const { method } = call.request
  const { id, verb } = call
  if (id === undefined) {
    if (verb !== undefined) return undefined
    if (method === 'GET') return permitted(call, needs, 'list') ?? list(call, needs)
    return method === 'POST' ? create(call, needs) : undefined
  }
  if (verb === 'undelete' && method === 'POST') return change(call, needs, { permission: 'undelete', from: 'DELETED' })
  if (verb !== undefined) return undefined
  if (method === 'GET') return permitted(call, needs, 'get') ?? read(nameOf(call), needs)
  if (method === 'DELETE') return change(call, needs, { permission: 'delete', from: 'ACTIVE' })
  return method === 'PATCH' ? patch(call, needs) : undefined
}

const nameOf = ({ parent, kind, id }: IdentityCall) => `${parent}/${kind.collection}/${id}`

function permitted({ request, kind, parent, id }: IdentityCall, { operators }: IdentityResourcesNeeds, verb: string) {
  const resource = id === undefined ? parent : `${parent}/${kind.collection}/${id}`
  return operators.refuse(request, { permission: `${kind.permissions}.${verb}`, service, resource })
}

function read(name: string, { identity }: IdentityResourcesNeeds): SandboxResponse {
  const found = identity.read(name)
  return found ? { status: 200, body: found } : notFound()
}

function list({ request, kind, parent }: IdentityCall, { identity }: IdentityResourcesNeeds): SandboxResponse {
  const showDeleted = request.query.get('showDeleted') === 'true'
  if (kind.collection === 'providers' && !identity.read(parent)) return notFound()
  const all = identity.list(`${parent}/${kind.collection}`).filter(({ state }) => showDeleted || state === 'ACTIVE')
  const page = pageOf(all, request.query, kind.maxPageSize)
  if (!page) return invalidArgument()
  const key = kind.collection === 'providers' ? 'workloadIdentityPoolProviders' : 'workloadIdentityPools'
  return {
    status: 200,
    body: {
      ...(page.items.length > 0 && { [key]: page.items }),
      ...(page.nextPageToken && { nextPageToken: page.nextPageToken }),
    },
  }
}

function create(call: IdentityCall, needs: IdentityResourcesNeeds): SandboxResponse {
  const { request, kind, parent } = call
  const id = request.query.get(kind.idParameter) ?? ''
  const refusal = permitted(call, needs, 'create') ?? overQuota(call, needs)
  if (refusal) return refusal
  const fields = fieldsOf(call)
  if ('refusal' in fields) return fields.refusal
  const error = identityIdError(kind.idParameter, id) ?? kind.check(fields.sent)
  if (error !== undefined) return invalidArgument(error)
  const parentError = parentRefusal(call, needs)
  if (parentError) return parentError
  const name = `${parent}/${kind.collection}/${id}`
  if (needs.identity.read(name) || needs.operations.isBusy(name)) return alreadyExists()
  return writeLater(call, needs, { name, state: 'ACTIVE', ...withoutEmpty(fields.sent) })
}

function patch(call: IdentityCall, needs: IdentityResourcesNeeds): SandboxResponse {
  const refusal = permitted(call, needs, 'update') ?? overQuota(call, needs)
  if (refusal) return refusal
  const name = nameOf(call)
  const current = needs.identity.read(name)
  if (!current) return notFound()
  if (current.state === 'DELETED' || needs.operations.isBusy(name)) return failedPrecondition()
  const fields = fieldsOf(call)
  if ('refusal' in fields) return fields.refusal
  const merged = mergeByMask(current, fields.sent, call.request.query.get('updateMask') ?? '', call.kind.mutable)
  if ('error' in merged) return invalidArgument(merged.error)
  const error = call.kind.check(merged.fields)
  if (error !== undefined) return invalidArgument(error)
  return writeLater(call, needs, { name, state: 'ACTIVE', ...withoutEmpty(merged.fields) })
}

function change(
  call: IdentityCall,
  needs: IdentityResourcesNeeds,
  { permission, from }: { permission: string; from: IdentityResource['state'] },
): SandboxResponse {
  const refusal = permitted(call, needs, permission) ?? overQuota(call, needs)
  if (refusal) return refusal
  const name = nameOf(call)
  const current = needs.identity.read(name)
  if (!current) return notFound()
  if (current.state !== from || needs.operations.isBusy(name)) return failedPrecondition()
  const { expireTime: _, ...kept } = current
  const changed: IdentityResource =
    from === 'DELETED'
      ? { ...kept, state: 'ACTIVE' }
      : { ...kept, state: 'DELETED', expireTime: deletionExpiry(needs.now()) }
  return writeLater(call, needs, changed)
}

function writeLater(
  { kind }: IdentityCall,
  needs: IdentityResourcesNeeds,
  resource: IdentityResource,
): SandboxResponse {
  const operation = needs.operations.start(resource.name, () => {
    const effectiveAt = new Date(needs.now().getTime() + needs.settings().providerDelaySeconds * 1000)
    needs.identity.write(resource, effectiveAt)
    return { '@type': kind.type, ...resource }
  })
  return { status: 200, body: operation }
}

function overQuota({ projectNumber }: IdentityCall, { mayWrite, settings }: IdentityResourcesNeeds) {
  return mayWrite(projectNumber) ? undefined : quotaExceeded(service, projectNumber, settings().writesPerMinute)
}

/** A provider's pool must exist and not be deleted. */
function parentRefusal({ kind, parent }: IdentityCall, { identity }: IdentityResourcesNeeds) {
  if (kind.collection !== 'providers') return undefined
  const pool = identity.read(parent)
  if (!pool) return notFound()
  return pool.state === 'DELETED' ? failedPrecondition() : undefined
}

function fieldsOf({ request, kind }: IdentityCall): { sent: Record<string, unknown> } | { refusal: SandboxResponse } {
  const json = readJson(request.body)
  if (!json) return { refusal: invalidArgument('Invalid JSON payload received.') }
  const unknown = Object.keys(json).find((name) => !kind.mutable.includes(name) && !internal.includes(name))
  if (unknown !== undefined) return { refusal: invalidArgument(unknownName(unknown, kind.payload)) }
  return { sent: Object.fromEntries(Object.entries(json).filter(([name]) => kind.mutable.includes(name))) }
}

/** Google's JSON omits default values. */
const withoutEmpty = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '' && value !== false))
