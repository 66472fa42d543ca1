/** A watch: one JSON event per line, from a version on or after the current objects; bookmarks every minute and two seconds
 *  before the timeout. https://kubernetes.io/docs/reference/using-api/api-concepts/#watch-bookmarks */
import { PassThrough } from 'node:stream'
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import type { ObjectStore, StoredChange } from '../objects/object-store.ts'
import type { ApiCall } from './api-call.ts'
import { type ListOptions, readListOptions, refuseWatchList } from './read-list-options.ts'
import { apiHeaders, negotiateRepresentation } from './representation.ts'
import { readSelector } from './selector.ts'
import { bookmark, changeEvents, type Subscription, stateEvents, tooOldEvent, type WatchEvent } from './watch-events.ts'

const bookmarkEveryMs = 60_000
const bookmarkBeforeEndMs = 2000

export function watchObjects({ store, watchList }: Cluster, call: ApiCall): SandboxResponse {
  const subscription = {
    call,
    form: negotiateRepresentation(call),
    selects: readSelector(call.request.query, call.kind),
  }
  if (watchList === 'off') refuseWatchList(call.request.query)
  const options = readListOptions(call.request.query, 'watch', store)
  const from = Number(options.resourceVersion) || store.resourceVersion
  // The current objects need no history: they are as recent as any version.
  const missed = options.initialEvents === 'send' ? [] : store.changesSince(from)
  const events = new PassThrough({ objectMode: true })
  if (missed) {
    for (const event of firstEvents(store, subscription, { options, missed })) events.write(event)
    // Subscribed before the response begins, so that no change is lost.
    follow(store, subscription, { options, events })
  } else {
    events.end(tooOldEvent(from, store.resourceVersion))
  }
  return { status: 200, headers: apiHeaders, body: lines(events) }
}

function firstEvents(
  store: ObjectStore,
  subscription: Subscription,
  { options, missed }: { options: ListOptions; missed: readonly StoredChange[] },
): WatchEvent[] {
  if (options.initialEvents === 'omit') return missed.flatMap((change) => changeEvents(change, subscription))
  const { kind, namespace } = subscription.call
  const state = stateEvents(store.list(kind.kind, namespace), subscription)
  const end = bookmark(subscription, store.resourceVersion, 'initial-events-end')
  return options.initialEventsEnd === 'mark' ? [...state, end] : state
}

/** Writes changes until the client disconnects, the reader stops, or the watch times out. */
function follow(
  store: ObjectStore,
  subscription: Subscription,
  { options, events }: { options: ListOptions; events: PassThrough },
): void {
  const lifeMs = options.timeoutSeconds > 0 ? options.timeoutSeconds * 1000 : undefined
  const { signal } = subscription.call.request
  const write = (change: StoredChange): void => {
    for (const event of changeEvents(change, subscription)) events.write(event)
  }
  const mark = (): void => {
    if (!events.writableEnded) events.write(bookmark(subscription, store.resourceVersion))
  }
  const end = (): void => {
    store.emitter.off('change', write) // a change can come before the stream is closed
    events.end()
  }
  const timers = [
    ...(lifeMs === undefined ? [] : [setTimeout(end, lifeMs)]),
    ...(options.bookmarks === 'omit' ? [] : [setInterval(mark, bookmarkEveryMs)]),
    ...(options.bookmarks === 'omit' || lifeMs === undefined || lifeMs < bookmarkBeforeEndMs
      ? []
      : [setTimeout(mark, lifeMs - bookmarkBeforeEndMs)]),
  ]
  for (const timer of timers) timer.unref()
  const endOfKind = (kind: string): void => {
    if (kind === subscription.call.kind.kind) end()
  }
  store.emitter.on('change', write)
  store.emitter.on('undefined', endOfKind)
  signal.addEventListener('abort', end)
  events.once('close', () => {
    for (const timer of timers) clearTimeout(timer)
    store.emitter.off('change', write)
    store.emitter.off('undefined', endOfKind)
    signal.removeEventListener('abort', end)
  })
  if (signal.aborted) end()
}

async function* lines(events: AsyncIterable<WatchEvent>): AsyncIterable<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`
}
