/** A watch: one JSON event a line, from a version on, or after what is there now.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import { on } from 'node:events'
import type { SandboxAnswer } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import type { StoredObject } from '../objects/kubernetes-object.ts'
import type { StoredChange } from '../objects/object-store.ts'
import { type AnswerForm, apiHeaders, chooseForm, renderObject } from './answer-form.ts'
import type { ApiCall } from './api-call.ts'
import { readListOptions } from './read-list-options.ts'
import { readSelector, type Selector } from './selector.ts'
import { expired } from './status-error.ts'

/** What a watch sends of one kind, in one form. */
interface Subscription {
  readonly call: ApiCall
  readonly form: AnswerForm
  readonly chooses: Selector
}

type WatchEvent = { readonly type: string; readonly object: object }

export function watchObjects({ store }: Cluster, call: ApiCall): SandboxAnswer {
  const { query, signal } = call.request
  const subscription = { call, form: chooseForm(call), chooses: readSelector(query, call.kind) }
  const options = readListOptions(query, 'watch', store)
  const from = Number(options.resourceVersion) || store.resourceVersion
  const missed = store.changesSince(from)
  if (!missed) return stream([errorEvent(from, store.resourceVersion)])

  const first =
    options.initialEvents === 'send'
      ? stateEvents(store.list(call.kind.kind, call.namespace), subscription)
      : missed.flatMap((change) => changeEvents(change, subscription))
  const marks = options.initialEventsEnd === 'mark' ? [bookmark(subscription, store.resourceVersion)] : []
  const { timeoutSeconds } = options
  const ends = timeoutSeconds > 0 ? AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]) : signal
  // Subscribed before the answer begins, so that no change falls between.
  const changes = on(store.emitter, 'change', { signal: ends })
  return stream([...first, ...marks], follow(changes, subscription))
}

const stream = (first: readonly WatchEvent[], then?: AsyncIterable<WatchEvent>): SandboxAnswer => ({
  status: 200,
  headers: apiHeaders,
  body: lines(first, then),
})

async function* lines(first: readonly WatchEvent[], then?: AsyncIterable<WatchEvent>): AsyncIterable<string> {
  for (const event of first) yield `${JSON.stringify(event)}\n`
  if (then) for await (const event of then) yield `${JSON.stringify(event)}\n`
}

/** Ends quietly when the client leaves or the watch's time is over. */
async function* follow(changes: AsyncIterable<StoredChange[]>, subscription: Subscription): AsyncIterable<WatchEvent> {
  try {
    for await (const batch of changes) for (const change of batch) yield* changeEvents(change, subscription)
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'AbortError')) throw cause
  }
}

const stateEvents = (objects: readonly StoredObject[], { form, chooses }: Subscription): WatchEvent[] =>
  objects.filter(chooses).map((object) => ({ type: 'ADDED', object: renderObject(object, form) }))

/** One change as this watch sees it: an object that a selector no longer chooses is deleted for it. */
function changeEvents({ object, before, type }: StoredChange, { call, form, chooses }: Subscription): WatchEvent[] {
  if (object.kind !== call.kind.kind || (call.namespace && object.metadata.namespace !== call.namespace)) return []
  const wasChosen = before !== undefined && chooses(before)
  const isChosen = type !== 'DELETED' && chooses(object)
  if (!wasChosen && !isChosen) return []
  const seen = isChosen ? (wasChosen ? 'MODIFIED' : 'ADDED') : 'DELETED'
  return [{ type: seen, object: renderObject(object, form) }]
}

/** Only the version counts in it; it says that the state is complete up to there. */
function bookmark({ call, form }: Subscription, resourceVersion: number): WatchEvent {
  const head =
    form === 'metadata'
      ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
      : { kind: call.kind.kind, apiVersion: 'v1' }
  const metadata = {
    resourceVersion: String(resourceVersion),
    annotations: { 'k8s.io/initial-events-end': 'true' },
  }
  return { type: 'BOOKMARK', object: { ...head, metadata } }
}

/** Too old a version is not an HTTP error: the stream begins with it and ends. */
const errorEvent = (from: number, oldest: number): WatchEvent => ({
  type: 'ERROR',
  object: expired(`too old resource version: ${from} (${oldest})`).status,
})
