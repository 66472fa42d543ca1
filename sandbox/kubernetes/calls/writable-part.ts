/** What a call may write of an object: by the subresource `status` its status alone, by the object itself all else.
 *  https://kubernetes.io/docs/concepts/overview/working-with-objects/#object-spec-and-status */
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import type { ApiCall } from './api-call.ts'

type Where = Pick<ApiCall, 'kind' | 'subresource'>

/** What an applied object claims there: the rest of it is passed over, and owned by nobody. */
export function writablePart({ kind, subresource }: Where, applied: KubernetesObject): KubernetesObject {
  const { status, ...rest } = applied
  if (!kind.subresources.includes('status')) return applied
  if (subresource !== 'status') return rest
  const { apiVersion, metadata } = applied
  return { apiVersion, kind: kind.kind, metadata, ...(status !== undefined && { status }) }
}

/** The object as a write leaves it: what may not be written there is as it was. */
export function withOtherPart(
  { kind, subresource }: Where,
  after: KubernetesObject,
  before: StoredObject | undefined,
): KubernetesObject {
  if (!kind.subresources.includes('status')) return after
  const { status: written, ...rest } = after
  if (subresource !== 'status' || !before) return { ...rest, ...statusOf(before) }
  const { finalizers, ownerReferences } = before.metadata
  return {
    ...before,
    metadata: { ...after.metadata, ...(finalizers && { finalizers }), ...(ownerReferences && { ownerReferences }) },
    status: written ?? {},
  }
}

const statusOf = (object: StoredObject | undefined) =>
  object?.['status'] === undefined ? {} : { status: object['status'] }
