/** The last step of every write: server fields, validation, ownership, and no write if nothing has changed. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '../cluster.ts'
import { isEmpty } from '../fields/field-tree.ts'
import { type Owner, ownersAfterUpdate, readOwners, renderOwners } from '../fields/managed-fields.ts'
import { apiVersionOf } from '../kinds/resource-kind.ts'
import { type KubernetesObject, type ObjectMeta, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { type ApiCall, objectSubjectOf } from './api-call.ts'
import { type Change, checkWrite, finalizerCauses } from './check-write.ts'
import { internalError, invalid } from './status-error.ts'
import { withOtherPart } from './writable-part.ts'
import type { WriteOptions } from './write-options.ts'

export interface Draft extends Change {
  /** The resulting owners; absent for client-side writes, where the writer owns the fields that it changes. */
  readonly owners?: readonly Owner[]
}

/** Writes the draft, except in a dry run or without changes. @throws StatusError 403, 404, 409, 422 */
export function writeObject(cluster: Cluster, call: ApiCall, draft: Draft, options: WriteOptions): StoredObject {
  const { before } = draft
  checkWrite(cluster, call, draft)
  const after = call.kind.applyDefaults(identified(draft, call))
  const owners =
    draft.owners ??
    clientSideOwners(cluster, call, draft, { sent: draft.after.metadata, after, manager: options.manager })
  const admitted = before ? after : (call.kind.admit?.(after, cluster.store) ?? after)
  const candidate = call.kind.addServerFields(
    { ...admitted, metadata: { ...admitted.metadata, ...managed(owners, after.apiVersion) } },
    before,
  )
  const causes = [...finalizerCauses(candidate, before), ...call.kind.check(candidate, before)]
  if (causes.length > 0) throw invalid(objectSubjectOf(call), causes)
  if (before && isDeepStrictEqual(withoutVersion(before), withoutVersion(candidate))) return before
  if (options.mode === 'dry-run') return dryRunResult(cluster, candidate)
  if (storedBytes(candidate) > maxRequestBytes) throw internalError('etcdserver: request is too large')
  return cluster.store.put(candidate)
}

/** etcd's `--max-request-bytes`; a dry run does not reach it. https://etcd.io/docs/v3.5/dev-guide/limit/ */
const maxRequestBytes = 1.5 * 1024 * 1024

/** The approximate size in protobuf, the storage format of the API server: each string has a tag and a length. */
function storedBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2
  if (typeof value !== 'object' || value === null) return 2
  const parts = Object.entries(value).map(([name, part]) => storedBytes(name) + storedBytes(part))
  return parts.reduce((sum, bytes) => sum + bytes, 0)
}

/** With the identity from the path and the existing object, regardless of the body. */
function identified({ before, after: sent }: Draft, call: ApiCall): KubernetesObject {
  const { kind, namespace, name } = call
  const after = withOtherPart(call, sent, before)
  const { labels, annotations, finalizers, ownerReferences } = after.metadata
  return {
    ...after,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      name,
      ...notEmpty({ labels, annotations, finalizers, ownerReferences }),
      ...(kind.namespaced && { namespace }),
      ...(before && {
        uid: before.metadata.uid,
        creationTimestamp: before.metadata.creationTimestamp,
        resourceVersion: before.metadata.resourceVersion,
        ...(before.metadata.generation !== undefined && { generation: before.metadata.generation }),
      }),
      ...(before && deletionFields(before.metadata)),
    },
  }
}

/** `managedFields: [{}]` clears all ownership; an object without owners has none until the first apply. */
function clientSideOwners(
  cluster: Cluster,
  { kind, subresource }: Pick<ApiCall, 'kind' | 'subresource'>,
  { before }: Draft,
  { sent, after, manager }: { sent: ObjectMeta; after: KubernetesObject; manager: string },
): readonly Owner[] {
  const entries = sent.managedFields ?? []
  if (entries.length === 1 && entries[0]?.manager === undefined) return []
  if (before && readOwners(before).length === 0) return []
  const write = { shape: kind.shape, manager, subresource, time: timestamp(cluster.now()) }
  return ownersAfterUpdate(write, { before, after }, readOwners(before))
}

/** The metadata of a deletion, which no other write removes. */
const deletionFields = ({ deletionTimestamp, deletionGracePeriodSeconds }: ObjectMeta): Partial<ObjectMeta> => ({
  ...(deletionTimestamp !== undefined && { deletionTimestamp }),
  ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
})

const notEmpty = (fields: Record<string, unknown>): Partial<ObjectMeta> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)))

const managed = (owners: readonly Owner[], apiVersion: string) =>
  owners.length > 0 && { managedFields: renderOwners(owners, apiVersion) }

const withoutVersion = (object: KubernetesObject): object => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: '' },
})

/** The result of a dry run: a new object has a uid, but no version. */
const dryRunResult = ({ newUid, now }: Cluster, candidate: KubernetesObject): StoredObject => ({
  ...candidate,
  metadata: {
    ...candidate.metadata,
    uid: candidate.metadata.uid ?? newUid(),
    creationTimestamp: candidate.metadata.creationTimestamp ?? timestamp(now()),
    resourceVersion: candidate.metadata.resourceVersion ?? '',
  },
})
