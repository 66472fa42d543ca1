/** What a watch says, event by event. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import { apiVersionOf } from '../kinds/resource-kind.ts'
import type { StoredObject } from '../objects/kubernetes-object.ts'
import type { StoredChange } from '../objects/object-store.ts'
import type { ApiCall } from './api-call.ts'
import { type Representation, renderObject } from './representation.ts'
import type { Selector } from './selector.ts'
import { expired } from './status-error.ts'

/** What a watch sends: of one kind, in one form, what the selector selects. */
export interface Subscription {
  readonly call: ApiCall
  readonly form: Representation
  readonly selects: Selector
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: object
}

/** What is there, as if it were added now. */
export const stateEvents = (objects: readonly StoredObject[], { form, selects }: Subscription): WatchEvent[] =>
  objects.filter(selects).map((object) => ({ type: 'ADDED', object: renderObject(object, form) }))

/** One change as this watch sees it: an object that a selector no longer selects is deleted for it. */
export function changeEvents({ object, before, type }: StoredChange, subscription: Subscription): WatchEvent[] {
  const { call, form, selects } = subscription
  if (object.kind !== call.kind.kind || (call.namespace && object.metadata.namespace !== call.namespace)) return []
  const wasChosen = before !== undefined && selects(before)
  const isChosen = type !== 'DELETED' && selects(object)
  if (!wasChosen && !isChosen) return []
  const seen = isChosen ? (wasChosen ? 'MODIFIED' : 'ADDED') : 'DELETED'
  return [{ type: seen, object: renderObject(object, form) }]
}

/** Says that everything up to this version was sent; with the annotation, that the initial events are complete. */
export function bookmark(
  { call, form }: Subscription,
  resourceVersion: number,
  says?: 'initial-events-end',
): WatchEvent {
  const head =
    form === 'metadata'
      ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
      : { kind: call.kind.kind, apiVersion: apiVersionOf(call.kind) }
  const metadata = {
    resourceVersion: String(resourceVersion),
    ...(says && { annotations: { [`k8s.io/${says}`]: 'true' } }),
  }
  return { type: 'BOOKMARK', object: { ...head, metadata } }
}

/** Too old a version is not an HTTP error: the stream begins with it and ends. */
export const tooOldEvent = (from: number, oldest: number): WatchEvent => ({
  type: 'ERROR',
  object: expired(`too old resource version: ${from} (${oldest})`).status,
})
