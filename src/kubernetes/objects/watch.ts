/**
 * The state of a collection, and then each change of it, for as long as it is read:
 *
 *   list ─▶ changes from its version on ─▶ the stream ends, breaks or stalls ─▶ watch from the last version seen
 *    ▲                                          │ 410: the version is too old
 *    └──────────────────────────────────────────┘
 *
 * A list is streamed: one watch request that begins with the state, marks its end, and continues with the changes. Without that mark
 * nothing of it is used, and the list is read by pages. Bookmarks keep the last version recent while nothing changes, so that a
 * resumed watch rarely starts over.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { asObject, asText, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterStream } from '../connection/cluster.ts'
import { malformed } from '../connection/response.ts'
import { type ListedCollection, type ListRequest, listCollection, maxItemsOf, selectorQuery } from './list.ts'
import { reviewAccess } from './review-access.ts'

export type CollectionEvent<T> = {
  /** Of the collection after it; absent: it is not known. */
  readonly resourceVersion?: string
} & (
  | /** First, and after changes were missed: what is not among the items is gone. */
  { readonly type: 'listed'; readonly items: readonly T[] }
  | { readonly type: 'changed' | 'deleted'; readonly item: T }
)

/**
 * Whether a collection of this version contains a write with that one. Versions that are not numbers cannot be compared: false.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 */
export const containsWrite = (version: string, written: string): boolean =>
  [version, written].every((one) => /^[1-9][0-9]{0,39}$/.test(one)) && BigInt(version) >= BigInt(written)

export interface WatchContext extends Pick<Context, 'now' | 'random' | 'sleep' | 'log'> {
  /** Ends the watch, which then throws its reason. */
  readonly signal: AbortSignal
  /** Called each time that the watch ends, before it is resumed. */
  readonly onResume?: () => void
  /** Called each time that changes are followed. */
  readonly onFollow?: () => void
}

/** As long as a page of a list may be. */
const maxLineBytes = 8 * 1024 * 1024
/** The API server sends a bookmark about once a minute. */
const idleTimeoutMs = 150_000
/** Shorter watches increase the delay before the next one, whatever events they had. */
const longWatchMs = 30_000
/** Within a streamed list, which the API server begins after at most 3 s. */
const idleListMs = 10_000
/** The longest time that a streamed list may take; as long as a page. */
const maxListMs = 120_000
/** How long the request for a streamed list is retried: what fails for longer, the list by pages reports. */
const retryListMs = 10_000

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
  const mode = await listMode(cluster, list)
  let isListed = false
  let version: string | undefined
  let shortWatches = 0
  let expirations = 0 // counted separately: each costs the API server a whole list, also after a long watch
  for (;;) {
    context.signal.throwIfAborted()
    let openedMs = Number.POSITIVE_INFINITY
    let stream: ClusterStream | undefined
    let end: unknown
    try {
      if (version === undefined) {
        let listed: Listed<T> | undefined = await readList(cluster, { list, keep, mode }, context)
        stream = listed.stream
        version = listed.resourceVersion
        isListed = true
        yield { type: 'listed', items: listed.items, resourceVersion: version }
        listed = undefined // else the first state of every object stays in memory as long as the stream
      }
      openedMs = context.now().getTime()
      stream ??= await openWatch(cluster, list, version, context)
      context.onFollow?.()
      for await (const line of stream.lines) {
        const { type, object, resourceVersion } = readEvent(cluster, line)
        version = resourceVersion
        const item = type === 'bookmark' ? undefined : keep(object)
        if (type !== 'bookmark' && item !== undefined) yield { type, item, resourceVersion }
      }
    } catch (fault) {
      context.signal.throwIfAborted()
      if (!isListed) throw fault
      if (fault instanceof Expired) version = undefined
      else if (!(fault instanceof PullpassError) || !fault.retryable) throw fault
      end = fault
    } finally {
      stream?.close()
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

type ListMode = 'streamed' | 'by pages'

/**
 * A streamed list needs only the permission to watch. Without the one to list, which lists by pages need, also those of comparisons,
 * the list by pages reports it.
 */
async function listMode(cluster: Cluster, { call }: ListRequest): Promise<ListMode> {
  try {
    return (await reviewAccess(cluster, { ...call, verb: 'list' })) === 'allowed' ? 'streamed' : 'by pages'
  } catch (fault) {
    if (!(fault instanceof PullpassError) || fault.retryable) throw fault
    return 'streamed' // a cluster can withdraw the permission to review one's own access
  }
}

interface Listing<T> {
  readonly list: ListRequest
  readonly keep: (item: JsonObject) => T | undefined
  readonly mode: ListMode
}

interface Listed<T> extends ListedCollection<T> {
  /** Of a streamed list: the changes. */
  readonly stream: ClusterStream | undefined
}

/** Connections to API servers that do not stream lists. */
const unsupported = new WeakSet<Cluster>()

/** @throws as a list by pages */
async function readList<T>(cluster: Cluster, listing: Listing<T>, context: WatchContext): Promise<Listed<T>> {
  const { list, keep, mode } = listing
  if (mode === 'streamed' && !unsupported.has(cluster)) {
    try {
      return await streamList(cluster, listing, context)
    } catch (error) {
      context.signal.throwIfAborted()
      reportNotStreamed(cluster, { error, resource: list.call.resource }, context)
    }
  }
  return { ...(await listCollection(cluster, list, keep)), stream: undefined }
}

/** The message: what was seen. `lasting`: the API server, or a proxy before it, does not stream lists. */
class NotStreamed extends Error {
  readonly duration: 'lasting' | 'passing'

  constructor(seen: string, duration: NotStreamed['duration']) {
    super(seen)
    this.duration = duration
  }
}

/** @throws an error of neither the API server nor the connection */
function reportNotStreamed(
  cluster: Cluster,
  { error, resource }: { readonly error: unknown; readonly resource: string },
  { log }: WatchContext,
): void {
  const isExpected = [NotStreamed, Expired, PullpassError].some((kind) => error instanceof kind)
  if (!isExpected) throw error
  const seen = error instanceof NotStreamed ? error.message : describeEnd(error)
  if (!(error instanceof NotStreamed && error.duration === 'lasting')) {
    log('debug', 'a list was not streamed to its end, and is read by pages', { resource, seen })
  } else if (!unsupported.has(cluster)) {
    unsupported.add(cluster)
    log('info', 'the API server does not stream lists: they are read by pages', { seen })
  }
}

/** May pass, or are those of a list by pages too. */
const otherRefusals: readonly number[] = [401, 403, 404, 408, 429]

async function streamList<T>(
  cluster: Cluster,
  { list, keep }: Listing<T>,
  { now, random, signal }: WatchContext,
): Promise<Listed<T>> {
  const endsMs = now().getTime() + maxListMs
  const path = `${list.path}?${selectorQuery(list, { ...watchQuery(random()), ...withState })}`
  const stream = await cluster.stream({
    ...streamOf(list),
    path,
    idleTimeoutMs: idleListMs,
    retryForMs: retryListMs,
    signal,
  })
  if (!('lines' in stream)) {
    const { status } = stream
    if (status >= 400 && status < 500 && !otherRefusals.includes(status))
      throw new NotStreamed(`${cluster.server} responded with ${status}`, 'lasting')
    throw readStatus(cluster, stream, { ...list.call, verb: 'watch' })
  }
  try {
    const state = await readState(cluster, stream.lines, { list, keep, isOverdue: () => now().getTime() > endsMs })
    stream.allowSilence(idleTimeoutMs)
    return { ...state, stream }
  } catch (error) {
    stream.close()
    throw error
  }
}

/** The stream stays open. */
async function readState<T>(
  cluster: Cluster,
  lines: ClusterStream['lines'],
  { list, keep, isOverdue }: Omit<Listing<T>, 'mode'> & { readonly isOverdue: () => boolean },
): Promise<ListedCollection<T>> {
  const items = new Map<string, T>()
  const max = maxItemsOf(list)
  for (;;) {
    const { value: line, done } = await lines.next().catch(explainSilence)
    if (done) throw new NotStreamed('the server ended it', 'passing')
    const { type, object, resourceVersion } = readEvent(cluster, line)
    if (type === 'bookmark') {
      if (endsState(object)) return { items: [...items.values()], resourceVersion }
      throw new NotStreamed(`${cluster.server} did not mark the end of the state`, 'lasting')
    }
    const item = type === 'deleted' ? undefined : keep(object)
    if (item === undefined) items.delete(keyOf(object))
    else items.set(keyOf(object), item)
    if (items.size > max) throw new NotStreamed(`more than ${max} objects`, 'passing')
    if (isOverdue()) throw new NotStreamed(`the state did not end within ${maxListMs / 1000} s`, 'lasting')
  }
}

/** Of a stream that was opened: it awaits a mark that does not come. */
function explainSilence(error: unknown): never {
  const isSilence = error instanceof PullpassError && error.unreached === 'timed out'
  throw isSilence ? new NotStreamed(error.seen, 'lasting') : error
}

const withState = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }

const endsState = ({ metadata }: JsonObject): boolean =>
  asObject(asObject(metadata)?.['annotations'])?.['k8s.io/initial-events-end'] === 'true'

function keyOf({ metadata }: JsonObject): string {
  const { namespace, name } = asObject(metadata) ?? {}
  return `${asText(namespace) ?? ''}/${asText(name)}`
}

interface WatchEvent {
  readonly type: 'changed' | 'deleted' | 'bookmark'
  readonly object: JsonObject
  readonly resourceVersion: string
}

/** The version is too old: changes since were compacted away. */
class Expired extends Error {}

async function openWatch(
  cluster: Cluster,
  list: ListRequest,
  from: string,
  { random, signal }: WatchContext,
): Promise<ClusterStream> {
  const path = `${list.path}?${selectorQuery(list, { ...watchQuery(random()), resourceVersion: from })}`
  const stream = await cluster.stream({ ...streamOf(list), path, idleTimeoutMs, signal })
  if ('lines' in stream) return stream
  if (stream.status === 410) throw new Expired()
  throw readStatus(cluster, stream, { ...list.call, verb: 'watch' })
}

const streamOf = ({ accept }: ListRequest) => ({
  accept: accept.replace('as=PartialObjectMetadataList', 'as=PartialObjectMetadata'),
  maxLineBytes,
})

/** A lifetime of five to ten minutes spreads clients over API servers, as client-go does. */
const watchQuery = (random: number) => ({
  watch: '1',
  allowWatchBookmarks: 'true',
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
