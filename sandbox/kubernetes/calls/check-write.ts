/** Checks of a write that are independent of its kind: namespace, resourceVersion, uid and finalizers. */
import type { Cluster } from '../cluster.ts'
import { phaseOf } from '../kinds/namespace.ts'
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import { type ApiCall, objectSubjectOf, subjectOf } from './api-call.ts'
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

export interface Change {
  /** Absent for a new object. */
  readonly before: StoredObject | undefined
  readonly after: KubernetesObject
}

/** @throws StatusError 403, 404, 409, 422 */
export function checkWrite(cluster: Cluster, call: ApiCall, change: Change): void {
  if (!change.before) checkNamespace(cluster, call, change.after)
  checkVersion(call, change)
}

/** An object that is being deleted gets no new finalizers; two checks of the API report this. */
export function finalizerCauses({ metadata }: KubernetesObject, before: StoredObject | undefined): StatusCause[] {
  if (!before?.metadata.deletionTimestamp) return []
  const added = (metadata.finalizers ?? []).filter((name) => !before.metadata.finalizers?.includes(name))
  const found = `found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`
  const why = `no new finalizers can be added if the object is being deleted, ${found}`
  return added.flatMap(() => [forbiddenValue('metadata.finalizers', why), forbiddenValue('metadata.finalizers', why)])
}

/** A new object requires a namespace that exists and is not terminating. */
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

/** A uid or resourceVersion in the body is a precondition; resourceVersion is not checked for a new object. */
function checkVersion(call: ApiCall, { before, after }: Change): void {
  const { uid, resourceVersion } = after.metadata
  if (!before) {
    if (!uid || call.verb === 'create') return
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw conflict(subjectOf(call), why)
  }
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) throw modified(subjectOf(call))
  if (uid && uid !== before.metadata.uid) {
    const cause = invalidValue('metadata.uid', uid, 'field is immutable')
    throw invalid(objectSubjectOf(call), [cause, cause]) // two checks of the API report it
  }
}
