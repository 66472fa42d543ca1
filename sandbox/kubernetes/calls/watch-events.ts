/** The events of a watch. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import { apiVersionOf } from '../kinds/resource-kind.ts'
import type { StoredObject } from '../objects/kubernetes-object.ts'
import type { StoredChange } from '../objects/object-store.ts'
import type { ApiCall } from './api-call.ts'
import { type Representation, renderObject } from './representation.ts'
import type { Selector } from './selector.ts'
import { expired } from './status-error.ts'

/** What a watch sends: objects of one kind that the selector matches, in one representation. */
export interface Subscription {
  readonly call: ApiCall
  readonly form: Representation
  readonly selects: Selector
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: object
}

/** The current objects as ADDED events. */
export const stateEvents = (objects: readonly StoredObject[], { form, selects }: Subscription): WatchEvent[] =>
  objects.filter(selects).map((object) => ({ type: 'ADDED', object: renderObject(object, form) }))

/** One change for this watch: an object that the selector no longer matches is DELETED. */
export function changeEvents({ object, before, type }: StoredChange, subscription: Subscription): WatchEvent[] {
  const { call, form, selects } = subscription
  if (object.kind !== call.kind.kind || (call.namespace && object.metadata.namespace !== call.namespace)) return []
  const wasSelected = before !== undefined && selects(before)
  const isSelected = type !== 'DELETED' && selects(object)
  if (!wasSelected && !isSelected) return []
  const seen = isSelected ? (wasSelected ? 'MODIFIED' : 'ADDED') : 'DELETED'
  return [{ type: seen, object: renderObject(object, form) }]
}

/** Marks that everything up to this version has been sent; with the annotation, the end of the initial events. */
export function bookmark(
  { call, form }: Subscription,
  resourceVersion: number,
  annotation?: 'initial-events-end',
): WatchEvent {
  const head =
    form === 'metadata'
      ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
      : { kind: call.kind.kind, apiVersion: apiVersionOf(call.kind) }
  const metadata = {
    resourceVersion: String(resourceVersion),
    ...(annotation && { annotations: { [`k8s.io/${annotation}`]: 'true' } }),
  }
  return { type: 'BOOKMARK', object: { ...head, metadata } }
}

/** A version that is too old is not an HTTP error: the stream consists of this event. */
export const tooOldEvent = (from: number, oldest: number): WatchEvent => ({
  type: 'ERROR',
  object: expired(`too old resource version: ${from} (${oldest})`).status,
})
