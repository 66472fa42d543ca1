/** Owners of the fields of an object, and how writes change them.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management, as implemented by structured-merge-diff. */
import type { KubernetesObject, ManagedFieldsEntry } from '../objects/kubernetes-object.ts'
import { compareFields } from './compare-fields.ts'
import {
  claimedFields,
  decodeFields,
  difference,
  encodeFields,
  type FieldSet,
  intersection,
  union,
} from './field-set.ts'
import type { FieldShape } from './field-shape.ts'
import { droppedFields, mergeFields, withoutFields } from './merge-fields.ts'

/** One manager and its fields; writes of a subresource have an entry of their own. */
export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  /** '' for the object itself. */
  readonly subresource: string
  /** Absent if the first apply of an owner did not change the object. */
  readonly time: string | undefined
  readonly fields: FieldSet
}

export interface Conflict {
  readonly owner: Owner
  readonly fields: FieldSet
}

export interface Write {
  readonly shape: FieldShape
  readonly manager: string
  readonly subresource: string
  /** The time, in the format of the API. */
  readonly time: string
}

/** Owners after a client-side write (POST, PUT, other patches): the writer owns all fields that it changed. */
export function ownersAfterUpdate(
  write: Write,
  { before, after }: { before: KubernetesObject | undefined; after: KubernetesObject },
  owners: readonly Owner[],
): Owner[] {
  const changes = compareFields(write.shape, before ?? {}, after)
  const changed = union(changes.written, changes.removed)
  const own = owners.find((owner) => isSame(owner, write, 'Update'))
  const others = owners
    .filter((owner) => owner !== own)
    .map((owner) => ({ ...owner, fields: difference(owner.fields, changed) }))
  const fields = union(difference(own?.fields ?? new Set(), changes.removed), changes.written)
  const hasWritten = changes.written.size > 0
  const time = hasWritten || !own ? write.time : own.time
  return withFields([
    ...others,
    { manager: write.manager, operation: 'Update', subresource: write.subresource, time, fields },
  ])
}

/** The result of an apply, or its conflicts. */
export function applyFields(
  write: Write,
  live: unknown,
  applied: unknown,
  liveOwners: readonly Owner[],
): { object: unknown; owners: Owner[]; conflicts: Conflict[] } {
  const own = liveOwners.find((owner) => isSame(owner, write, 'Apply'))
  const others = liveOwners.filter((owner) => owner !== own)
  const claimed = claimedFields(write.shape, applied)

  const owned = others.map(({ fields }) => fields).reduce(union, claimed)
  const dropped = droppedFields(own?.fields ?? new Set(), owned)
  const object = withoutFields(write.shape, mergeFields(write.shape, live, applied), dropped)

  const changes = compareFields(write.shape, live, object)
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(owner.fields, changes.written) }))
    .filter(({ fields }) => fields.size > 0)
  const changed = union(changes.written, changes.removed)
  const owners = [
    ...others.map((owner) => ({ ...owner, fields: difference(owner.fields, changed) })),
    {
      manager: write.manager,
      operation: 'Apply' as const,
      subresource: write.subresource,
      time: changed.size > 0 ? write.time : own?.time,
      fields: claimed,
    },
  ]
  return { object, owners: withFields(owners), conflicts }
}

/** Owners from an object's metadata. */
export const readOwners = (object: KubernetesObject | undefined): Owner[] =>
  (object?.metadata.managedFields ?? []).map(({ manager, operation, subresource = '', time, fieldsV1 }) => ({
    manager,
    operation,
    subresource,
    time,
    fields: decodeFields(fieldsV1),
  }))

/** Owners in the order of an object's metadata: appliers first, then by time and name. */
export const renderOwners = (owners: readonly Owner[], apiVersion: string): ManagedFieldsEntry[] =>
  owners
    .toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
    .map(({ manager, operation, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time !== undefined && { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: encodeFields(fields),
      ...(subresource && { subresource }),
    }))

const sortKey = ({ operation, time, manager, subresource }: Owner): string =>
  `${operation} ${time ?? ''} ${manager} ${subresource}`

const isSame = (owner: Owner, { manager, subresource }: Write, operation: Owner['operation']): boolean =>
  owner.manager === manager && owner.subresource === subresource && owner.operation === operation

const withFields = (owners: readonly Owner[]): Owner[] => owners.filter(({ fields }) => fields.size > 0)
