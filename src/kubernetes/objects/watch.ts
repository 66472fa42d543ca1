/**
 * The state of a collection, and then each change of it, for as long as it is read:
 *
 *   list ─▶ watch from its version ─▶ the stream ends, breaks or stalls ─▶ watch from the last version seen
 *    ▲                                     │ 410: the version is too old
 *    └─────────────────────────────────────┘
 *
 * Bookmarks keep the last version recent while nothing changes, so that a resumed watch rarely starts over.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { asObject, asText, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { malformed } from '../connection/response.ts'
import { type ListRequest, listCollection, selectorQuery } from './list.ts'

export type CollectionEvent<T> =
  /** First, and after changes were missed: what is not among the items is gone. */
  { readonly type: 'listed'; readonly items: readonly T[] } | { readonly type: 'changed' | 'deleted'; readonly item: T }

export interface WatchContext extends Pick<Context, 'now' | 'random' | 'sleep' | 'log'> {
  /** Ends the watch, which then throws its reason. */
  readonly signal: AbortSignal
  /** Called each time that the watch is resumed. */
  readonly onResume?: () => void
}

/** As long as a page of a list may be. */
const maxLineBytes = 8 * 1024 * 1024
/** The API server sends a bookmark about once a minute. */
const idleTimeoutMs = 150_000
/** Shorter watches increase the delay before the next one, whatever events they had. */
const longWatchMs = 30_000

/**
 * Does not end by itself. A temporary failure is logged, and the watch continues; a failure of the first list is thrown.
 * @throws KUBERNETES_FORBIDDEN, RESPONSE_TOO_LARGE, RESPONSE_MALFORMED, the signal's reason, and what the first list throws
 */
export async function* watchCollection<T>(
  cluster: Cluster,
  list: ListRequest,
  keep: (item: JsonObject) => T | undefined,
  context: WatchContext,
): AsyncGenerator<CollectionEvent<T>, never> {
  const first = await listCollection(cluster, list, keep)
  yield { type: 'listed', items: first.items }
  let version: string | undefined = first.resourceVersion
  let shortWatches = 0
  let expirations = 0 // counted separately: each costs the API server a whole list, also after a long watch
  for (;;) {
    context.signal.throwIfAborted()
    let openedMs = Number.POSITIVE_INFINITY
    let end: unknown
    try {
      if (version === undefined) {
        const { items, resourceVersion } = await listCollection(cluster, list, keep)
        yield { type: 'listed', items }
        version = resourceVersion
      }
      openedMs = context.now().getTime()
      for await (const event of openWatch(cluster, list, version, context)) {
        version = event.resourceVersion
        const item = event.type === 'bookmark' ? undefined : keep(event.object)
        if (event.type !== 'bookmark' && item !== undefined) yield { type: event.type, item }
      }
    } catch (fault) {
      context.signal.throwIfAborted()
      if (fault instanceof Expired) version = undefined
      else if (!(fault instanceof PullpassError) || !fault.retryable) throw fault
      end = fault
    }
    const isLong = context.now().getTime() - openedMs >= longWatchMs
    shortWatches = isLong ? 0 : shortWatches + 1
    if (end instanceof Expired) expirations += 1
    else if (isLong) expirations = 0
    const level = isLong && end === undefined ? 'debug' : 'info'
    context.log(level, 'a watch is resumed', { resource: list.call.resource, seen: describeEnd(end) })
    context.onResume?.()
    const delayMs = backoffMs(Math.max(1, shortWatches, expirations), context.random())
    await context.sleep(delayMs, context.signal)
  }
}

function describeEnd(end: unknown): string {
  if (end instanceof PullpassError) return end.seen
  return end instanceof Expired ? '410' : 'the server ended it'
}

/** From 0.8 s to 30 s, doubling, with jitter: many clients resume after an API server has restarted. */
const backoffMs = (attempts: number, random: number): number =>
  Math.round(Math.min(30_000, 800 * 2 ** (attempts - 1)) * (0.5 + random / 2))

interface WatchEvent {
  readonly type: 'changed' | 'deleted' | 'bookmark'
  readonly object: JsonObject
  readonly resourceVersion: string
}

/** The version is too old: changes since were compacted away. */
class Expired extends Error {}

async function* openWatch(
  cluster: Cluster,
  list: ListRequest,
  from: string,
  { random, signal }: WatchContext,
): AsyncGenerator<WatchEvent, void> {
  const query = selectorQuery(list, watchQuery(from, random()))
  const stream = await cluster.stream({
    path: `${list.path}?${query}`,
    accept: list.accept.replace('as=PartialObjectMetadataList', 'as=PartialObjectMetadata'),
    maxLineBytes,
    idleTimeoutMs,
    signal,
  })
  if (!('lines' in stream)) {
    if (stream.status === 410) throw new Expired()
    throw readStatus(cluster, stream, { ...list.call, verb: 'watch' })
  }
  try {
    for await (const line of stream.lines) yield readEvent(cluster, line)
  } finally {
    stream.close()
  }
}

/** A lifetime of five to ten minutes spreads clients over API servers, as client-go does. */
const watchQuery = (resourceVersion: string, random: number) => ({
  watch: '1',
  allowWatchBookmarks: 'true',
  resourceVersion,
  timeoutSeconds: String(300 + Math.floor(random * 300)),
})

const types: Readonly<Record<string, WatchEvent['type'] | undefined>> = {
  ADDED: 'changed',
  MODIFIED: 'changed',
  DELETED: 'deleted',
  BOOKMARK: 'bookmark',
}

function readEvent(cluster: Cluster, line: string): WatchEvent {
  const event = asObject(jsonOrNone(line))
  const object = asObject(event?.['object']) ?? {}
  if (event?.['type'] === 'ERROR') throw watchError(cluster, object)
  const name = asText(event?.['type']) ?? ''
  const type = Object.hasOwn(types, name) ? types[name] : undefined
  const resourceVersion = asText(asObject(object['metadata'])?.['resourceVersion'])
  if (type === undefined || resourceVersion === undefined || resourceVersion === '')
    throw malformed(cluster.server, 200, Buffer.byteLength(line))
  return { type, object, resourceVersion }
}

/** A Status in place of an object ends the watch. */
function watchError({ server }: Cluster, { code, message }: JsonObject): Error {
  if (code === 410) return new Expired()
  return new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `${server} ended a watch with ${typeof code === 'number' ? code : 'no code'}: ${quote(asText(message) ?? '')}`,
    expected: 'a watch that continues',
    hint: 'no action is needed if it passes: the watch is resumed; else check the load of the API server',
    retryable: true,
  })
}
