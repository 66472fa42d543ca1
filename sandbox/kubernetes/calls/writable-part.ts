/** The part of an object that a call may write: with the subresource `status` only its status, otherwise all other fields.
 *  https://kubernetes.io/docs/concepts/overview/working-with-objects/#object-spec-and-status */
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import type { ApiCall } from './api-call.ts'

type Where = Pick<ApiCall, 'kind' | 'subresource'>

/** The writable part of an applied object; the rest is ignored and gets no owner. */
export function writablePart({ kind, subresource }: Where, applied: KubernetesObject): KubernetesObject {
  const { status, ...rest } = applied
  if (!kind.subresources.includes('status')) return applied
  if (subresource !== 'status') return rest
  const { apiVersion, metadata } = applied
  return { apiVersion, kind: kind.kind, metadata, ...(status !== undefined && { status }) }
}

/** The object after a write: parts that the call may not write are unchanged. */
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
