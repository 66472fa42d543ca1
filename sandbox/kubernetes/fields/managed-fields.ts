/** Who owns which fields of an object, and how writes change that.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management, as structured-merge-diff does it. */
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

/** One manager and its fields; those by which it wrote a subresource are told apart. */
export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  /** '' for the object itself. */
  readonly subresource: string
  /** Absent where the first apply of an owner changed nothing of the object. */
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
  /** When, in the API's form. */
  readonly time: string
}

/** What a client-side write (POST, PUT, other patches) leaves: the writer owns all that it changed. */
export function ownersAfterUpdate(
  write: Write,
  { before, after }: { before: KubernetesObject | undefined; after: KubernetesObject },
  owners: readonly Owner[],
): Owner[] {
  const changes = compareFields(write.shape, before ?? {}, after)
  const losing = union(changes.written, changes.removed)
  const own = owners.find((owner) => isSame(owner, write, 'Update'))
  const others = owners
    .filter((owner) => owner !== own)
    .map((owner) => ({ ...owner, fields: difference(owner.fields, losing) }))
  const fields = union(difference(own?.fields ?? new Set(), changes.removed), changes.written)
  const hasTaken = changes.written.size > 0
  const time = hasTaken || !own ? write.time : own.time
  return withFields([
    ...others,
    { manager: write.manager, operation: 'Update', subresource: write.subresource, time, fields },
  ])
}

/** What an apply leaves, or the conflicts that forbid it. */
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
  const losing = union(changes.written, changes.removed)
  const owners = [
    ...others.map((owner) => ({ ...owner, fields: difference(owner.fields, losing) })),
    {
      manager: write.manager,
      operation: 'Apply' as const,
      subresource: write.subresource,
      time: losing.size > 0 ? write.time : own?.time,
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

/** Owners as an object's metadata shows them: appliers first, then by time and name. */
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
