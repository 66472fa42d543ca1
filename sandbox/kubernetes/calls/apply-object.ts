/** Server-side apply: PATCH with application/apply-patch+yaml.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { shapeError } from '../fields/check-shape.ts'
import { inOrder, printPath } from '../fields/field-set.ts'
import { applyFields, type Conflict, type Owner, ownersAfterUpdate, readOwners } from '../fields/managed-fields.ts'
import { apiVersionOf } from '../kinds/resource-kind.ts'
import { isRecord, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { parseBody } from './read-body.ts'
import { sentObject } from './read-sent-object.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { badRequest, internalError, notFound, StatusError } from './status-error.ts'
import { writablePart } from './writable-part.ts'
import { writeObject } from './write-object.ts'
import { readWriteOptions } from './write-options.ts'

export function applyObject(cluster: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const options = readWriteOptions(call.request, 'ApplyOptions')
  const applied = readApplied(call)
  const before = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (!before && call.subresource) throw notFound(subjectOf(call))
  if (!before) call.requirePermission('create')

  const { shape } = call.kind
  const write = { shape, manager: options.manager, subresource: call.subresource, time: timestamp(cluster.now()) }
  const live = before ?? {}
  const { object, owners, conflicts } = applyFields(write, live, applied, ownersBefore(cluster, call, before))
  if (conflicts.length > 0 && options.conflicts === 'refuse') throw applyConflict(conflicts, apiVersionOf(call.kind))
  const written = writeObject(cluster, call, { before, after: sentObject(object, call), owners }, options)
  return json(before ? 200 : 201, renderObject(written, form))
}

function readApplied(call: ApiCall) {
  const body = parseBody(call.request)
  if (!isRecord(body)) throw badRequest('error decoding YAML: the applied object is not a map')
  const { apiVersion = '', kind = '' } = body
  if (apiVersion !== apiVersionOf(call.kind) || kind !== call.kind.kind) {
    throw badRequest(`invalid object type: ${printType(String(apiVersion), String(kind))}`)
  }
  const applied = sentObject(body, call)
  if (applied.metadata.managedFields) throw badRequest('metadata.managedFields must be nil')
  const error = shapeError(call.kind.shape, body)
  if (!error) return writablePart(call, applied)
  const { namespace = '', name } = applied.metadata
  const type = printType(apiVersion, kind)
  throw internalError(`failed to create typed patch object (${namespace}/${name}; ${type}): ${error}`)
}

/** The name of the core group is empty, but the slash is printed. */
const printType = (apiVersion: string, kind: string): string =>
  `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`

/** Fields of an object without owners belong to "before-first-apply", so that an apply does not take ownership silently. */
function ownersBefore({ now }: Cluster, { kind }: ApiCall, before: StoredObject | undefined): Owner[] {
  const owners = readOwners(before)
  if (!before || owners.length > 0) return owners
  const write = { shape: kind.shape, manager: 'before-first-apply', subresource: '', time: timestamp(now()) }
  return ownersAfterUpdate(write, { before: undefined, after: before }, [])
}

function applyConflict(conflicts: readonly Conflict[], apiVersion: string): StatusError {
  const all = conflicts
    .map(({ owner, fields }) => ({
      owner: printOwner(owner, apiVersion),
      paths: inOrder(fields).map(printPath),
    }))
    .toSorted((one, other) => (one.owner < other.owner ? -1 : 1))
  const causes = all.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  )
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${causes[0]?.message}: ${causes[0]?.field}`
      : `Apply failed with ${causes.length} conflicts: ${all.map(printConflicts).join('\n')}`
  return new StatusError(409, 'Conflict', message, { causes })
}

const printConflicts = ({ owner, paths }: { owner: string; paths: readonly string[] }): string =>
  [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)].join('\n')

const printOwner = ({ manager, operation, subresource }: Owner, apiVersion: string): string =>
  [
    JSON.stringify(manager),
    ...(subresource ? [`with subresource ${JSON.stringify(subresource)}`] : []),
    ...(operation === 'Apply' ? [] : [`using ${apiVersion}`]),
  ].join(' ')
