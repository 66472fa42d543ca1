/** The end of every write: what the server keeps for itself, the kind's rules, ownership, and no write where nothing changed. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '../cluster.ts'
import { isEmpty } from '../fields/field-tree.ts'
import { type Owner, ownersAfterUpdate, readOwners, renderOwners } from '../fields/managed-fields.ts'
import { phaseOf } from '../kinds/namespace.ts'
import type { ResourceKind } from '../kinds/resource-kind.ts'
import { type KubernetesObject, type ObjectMeta, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import {
  conflict,
  forbidden,
  forbiddenValue,
  invalid,
  invalidValue,
  modified,
  notFound,
  type StatusCause,
} from './status-error.ts'
import type { WriteOptions } from './write-options.ts'

export interface Draft {
  readonly before: StoredObject | undefined
  readonly after: KubernetesObject
  /** Who owns what then; absent for client-side writes, where the writer takes what it changes. */
  readonly owners?: readonly Owner[]
}

/** Writes the draft, unless it is a rehearsal or changes nothing. @throws StatusError 403, 404, 409, 422 */
export function writeObject(cluster: Cluster, call: ApiCall, draft: Draft, options: WriteOptions): StoredObject {
  const { before } = draft
  if (!before) checkNamespace(cluster, call, draft.after)
  checkVersion(call, draft)
  const after = call.kind.complete(identified(draft, call))
  const owners =
    draft.owners ??
    clientSideOwners(cluster, call.kind, draft, { sent: draft.after.metadata, after, manager: options.manager })
  const candidate = call.kind.finish({
    ...after,
    metadata: { ...after.metadata, ...managed(owners, after.apiVersion) },
  })
  const causes = [...finalizerCauses(candidate, before), ...call.kind.check(candidate, before)]
  if (causes.length > 0) throw invalid({ name: call.name, kind: call.kind.kind }, causes)
  if (before && isDeepStrictEqual(withoutVersion(before), withoutVersion(candidate))) return before
  return options.mode === 'dry-run' ? rehearsed(cluster, candidate) : cluster.store.put(candidate)
}

/** An object on its way out takes no new finalizer; two of the API's checks say so. */
function finalizerCauses({ metadata }: KubernetesObject, before: StoredObject | undefined): StatusCause[] {
  if (!before?.metadata.deletionTimestamp) return []
  const added = (metadata.finalizers ?? []).filter((name) => !before.metadata.finalizers?.includes(name))
  const found = `found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
  const why = `no new finalizers can be added if the object is being deleted, ${found}`
  return added.flatMap(() => [forbiddenValue('metadata.finalizers', why), forbiddenValue('metadata.finalizers', why)])
}

/** New content needs a namespace that is there and not on its way out. */
function checkNamespace({ store }: Cluster, call: ApiCall, { metadata }: KubernetesObject): void {
  if (!call.kind.namespaced) return
  const namespace = store.read('Namespace', '', call.namespace)
  if (!namespace) throw notFound({ name: call.namespace, kind: 'namespaces' })
  if (phaseOf(namespace) !== 'Terminating') return
  throw forbidden(
    subjectOf({ ...call, name: metadata.name }),
    `unable to create new content in namespace ${call.namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${call.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  )
}

/** A uid in the body means "this very object", a resourceVersion "as I saw it"; the latter is not asked of a new one. */
function checkVersion(call: ApiCall, { before, after }: Draft): void {
  const { uid, resourceVersion } = after.metadata
  if (!before) {
    if (!uid || call.verb === 'create') return
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(subjectOf(call), why)
  }
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) throw modified(subjectOf(call))
  if (uid && uid !== before.metadata.uid) {
    const cause = invalidValue('metadata.uid', uid, 'field is immutable')
    throw invalid({ name: call.name, kind: call.kind.kind }, [cause, cause]) // two of the API's checks find it
  }
}

/** With the identity that the path and the object before it give, whatever the body says. */
function identified({ before, after }: Draft, { kind, namespace, name }: ApiCall): KubernetesObject {
  const { labels, annotations, finalizers, ownerReferences } = after.metadata
  return {
    ...after,
    apiVersion: 'v1',
    kind: kind.kind,
    metadata: {
      name,
      ...notEmpty({ labels, annotations, finalizers, ownerReferences }),
      ...(kind.namespaced && { namespace }),
      ...(before && {
        uid: before.metadata.uid,
        creationTimestamp: before.metadata.creationTimestamp,
        resourceVersion: before.metadata.resourceVersion,
      }),
      ...(before && going(before.metadata)),
    },
  }
}

/** `managedFields: [{}]` clears all ownership; an object without any stays without, until somebody applies. */
function clientSideOwners(
  cluster: Cluster,
  kind: ResourceKind,
  { before }: Draft,
  { sent, after, manager }: { sent: ObjectMeta; after: KubernetesObject; manager: string },
): readonly Owner[] {
  const entries = sent.managedFields ?? []
  if (entries.length === 1 && entries[0]?.manager === undefined) return []
  if (before && readOwners(before).length === 0) return []
  const write = { shape: kind.shape, manager, time: timestamp(cluster.now()) }
  return ownersAfterUpdate(write, { before, after }, readOwners(before))
}

/** What a deletion left in the metadata, which no other write takes away. */
const going = ({ deletionTimestamp, deletionGracePeriodSeconds }: ObjectMeta): Partial<ObjectMeta> => ({
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

/** What the write would have left: with a uid of its own when it is new, and no version. */
const rehearsed = ({ newUid, now }: Cluster, candidate: KubernetesObject): StoredObject => ({
  ...candidate,
  metadata: {
    ...candidate.metadata,
    uid: candidate.metadata.uid ?? newUid(),
    creationTimestamp: candidate.metadata.creationTimestamp ?? timestamp(now()),
    resourceVersion: candidate.metadata.resourceVersion ?? '',
  },
})
