/**
 * Compares the view with the cluster, about every ten minutes, so that a change that a watch has lost is found and repaired:
 *
 *   list ─▶ differs from the view ─▶ 3 min ─▶ list again ─▶ differs in the same way, and the watch reported nothing: missed
 *
 * A list is newer or older than the view by the events on their way; a watch that is silent is resumed after 150 s. What still
 * differs after that was missed, unless the watch lists or is being resumed: the next comparison decides. Pages are discarded as they
 * are read: of an object that is equal, only its key is kept.
 */
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ListRequest, listPages } from '../kubernetes/objects/list.ts'
import type { JsonObject } from '../text/json-fields.ts'

/** Of one collection of the view. */
export interface Comparison {
  /** `Secrets regcred` */
  readonly title: string
  /** Repairs what was missed. @returns how much that is */
  readonly run: (cluster: Cluster, context: CompareContext) => Promise<number | 'not watched'>
}

/** A collection of the view, and how it is listed. */
interface ComparedCollection<T> {
  readonly title: string
  readonly list: ListRequest
  readonly read: (item: JsonObject) => T
  readonly keyOf: (item: T) => string
  /** Whether two states of an object are the same one. */
  readonly equal: (one: T, other: T) => boolean
  /** A watch that does not run is reported by itself, and one that lists, or is being resumed, reports all changes then. */
  readonly isWatched: () => boolean
  /** An object is replaced when an event reports it. */
  readonly objects: () => ReadonlyMap<string, T>
  /** Undefined: there is none. */
  readonly repair: (key: string, object: T | undefined) => void
}

export interface ComparisonObserver {
  /** `missed`: changes that no watch has reported, and that were repaired; undefined: the comparison failed. */
  readonly onCompared: (missed: number | undefined) => void
}

type CompareContext = Pick<Context, 'random' | 'sleep' | 'log' | 'signal'>

/** From nine to eleven minutes: replicas and clusters are not in step. */
const intervalMs = (random: number): number => Math.round(10 * 60_000 * (0.9 + random / 5))
/** Longer than a watch can be silent before it is resumed (150 s), and the longest delay before that (30 s). */
const graceMs = 3 * 60_000
/** Of one collection; the metric counts all of them. */
const maxLogged = 10

/** Until the signal. @throws the signal's reason, and an error that is not classified */
export async function compareRegularly(
  comparisons: () => readonly Comparison[],
  { onCompared }: ComparisonObserver,
  cluster: Cluster,
  context: CompareContext,
): Promise<never> {
  for (;;) {
    await context.sleep(intervalMs(context.random()), context.signal)
    for (const { title, run } of comparisons()) {
      const missed = await run(cluster, context).catch((error: unknown) => {
        context.signal.throwIfAborted()
        return asFault(error)
      })
      if (missed === 'not watched') continue
      if (typeof missed !== 'number') logFailure(title, missed, context)
      onCompared(typeof missed === 'number' ? missed : undefined)
    }
  }
}

export const createComparison = <T>(collection: ComparedCollection<T>): Comparison => ({
  title: collection.title,
  run: async (cluster, context) => await compare(collection, cluster, context),
})

async function compare<T>(
  collection: ComparedCollection<T>,
  cluster: Cluster,
  context: CompareContext,
): Promise<number | 'not watched'> {
  if (!collection.isWatched()) return 'not watched'
  const first = differences(await listOther(collection, cluster), collection)
  if (first.size === 0) return 0
  await context.sleep(graceMs, context.signal)
  if (!collection.isWatched()) return 'not watched'
  if (![...first].some(([key, { viewed }]) => collection.objects().get(key) === viewed)) return 0
  const second = differences(await listOther(collection, cluster), collection)
  if (!collection.isWatched()) return 'not watched'
  const missed = [...first].flatMap(([key, { viewed, listed }]) => {
    const again = second.get(key)
    // An object that changed meanwhile may be on its way: the next comparison decides.
    const isUnchanged =
      again?.viewed === viewed &&
      (listed === undefined || again?.listed === undefined
        ? listed === again?.listed
        : collection.equal(listed, again.listed))
    return again !== undefined && isUnchanged ? [{ key, object: again.listed }] : []
  })
  for (const { key, object } of missed) collection.repair(key, object)
  logMissed(collection.title, missed, context)
  return missed.length
}

/** Keys of what is in the view, and the objects that are not. */
interface Other<T> {
  readonly same: ReadonlySet<string>
  readonly other: ReadonlyMap<string, T>
}

async function listOther<T>(collection: ComparedCollection<T>, cluster: Cluster): Promise<Other<T>> {
  const { list, read, keyOf, equal, objects } = collection
  const items = await listPages(cluster, list, (item) => {
    const object = read(item)
    const key = keyOf(object)
    const viewed = objects().get(key)
    return viewed !== undefined && equal(viewed, object) ? { key } : { key, object }
  })
  const other = items.flatMap((item) => ('object' in item ? [[item.key, item.object] as const] : []))
  return { same: new Set(items.flatMap((item) => ('object' in item ? [] : item.key))), other: new Map(other) }
}

interface Difference<T> {
  readonly viewed: T | undefined
  /** Undefined: it was deleted. */
  readonly listed: T | undefined
}

/** By key. */
function differences<T>(
  { same, other }: Other<T>,
  { objects, equal }: ComparedCollection<T>,
): ReadonlyMap<string, Difference<T>> {
  const found = new Map<string, Difference<T>>()
  for (const [key, listed] of other) {
    const viewed = objects().get(key) // reported since, maybe
    if (viewed === undefined || !equal(viewed, listed)) found.set(key, { viewed, listed })
  }
  for (const [key, viewed] of objects()) {
    if (!same.has(key) && !other.has(key)) found.set(key, { viewed, listed: undefined })
  }
  return found
}

function logMissed(
  title: string,
  missed: readonly { readonly key: string; readonly object: unknown }[],
  { log }: CompareContext,
): void {
  for (const { key, object } of missed.slice(0, maxLogged)) {
    const seen = object === undefined ? 'a deletion' : 'a creation or modification'
    log('error', 'a change that no watch reported was repaired', { collection: title, key, seen })
  }
  if (missed.length > maxLogged) {
    log('error', 'further changes that no watch reported were repaired', { collection: title, count: missed.length })
  }
}

function logFailure(title: string, { code, seen }: PullpassError, { log }: CompareContext): void {
  log('warn', 'the view could not be compared with the cluster', { collection: title, code, seen })
}
