/**
 * A fair queue of the Secrets to reconcile, or of other items of documents:
 *
 *   add ──▶ ready, a list for each document ──▶ running, documents in turn ──▶ later, if the work returns a time
 *             ▲                                       │ added meanwhile             │
 *             └───────────────────────────────────────┴────────── its time ─────────┘
 *
 * Each item is in the queue once and runs once at a time. A document has at most a part of the concurrency, so that one with
 * many or slow namespaces does not delay others. The PullSecrets of one namespace are a single document in this regard, with a
 * smaller part, and all of them together have half of it: no number of them delays a ClusterPullSecret.
 */
import { isOfTenants } from '../document/document.ts'
import type { Context } from '../http/context.ts'

/** What a queue takes turns by. */
export interface Queued {
  /** `ClusterPullSecret/NAME`, `PullSecret/NAMESPACE/NAME`. */
  readonly document: string
}

/** A Secret of a document. */
export interface WorkItem extends Queued {
  readonly namespace: string
}

/** Neither part contains a space. */
export const keyOf = ({ document, namespace }: WorkItem): string => `${document} ${namespace}`

export interface QueueLimits {
  readonly concurrency: number
  readonly perDocument: number
  /** Of the PullSecrets of one namespace. */
  readonly perTenant: number
  readonly tenants: number
}

/** As many as the connection has concurrent requests; a document may use half of them. */
const defaultLimits: QueueLimits = { concurrency: 48, perDocument: 24, perTenant: 4, tenants: 24 }
/** A clock that was set, or a machine that was suspended, is noticed after this time. Milliseconds. */
const longestSleepMs = 60_000

type QueueContext = Pick<Context, 'now' | 'sleep' | 'signal'>
/** When to run the item again; undefined: when it is added again. */
type Work<Item> = (item: Item) => Promise<Date | undefined>

export class WorkQueue<Item extends Queued> {
  readonly #work: Work<Item>
  readonly #keyOf: (item: Item) => string
  readonly #context: QueueContext
  readonly #limits: QueueLimits
  readonly #onIdle: () => void
  /** Items by group and key, with the time at which they were added. Its order is that of the turns. */
  readonly #ready = new Map<string, Group<Item>>()
  readonly #running = new Map<string, Group<Item>>()
  readonly #later: Timetable<Item>
  readonly #ended = Promise.withResolvers<void>()
  #runs = 0
  /** Of them, PullSecrets. */
  #tenantRuns = 0
  #started = false

  /** `keyOf`: distinct for each item of a document. `onIdle`: called when no item is ready or running any more. */
  constructor(
    work: Work<Item>,
    itemKey: (item: Item) => string,
    context: QueueContext,
    {
      limits = defaultLimits,
      onIdle = () => undefined,
    }: { readonly limits?: QueueLimits; readonly onIdle?: () => void } = {},
  ) {
    this.#work = work
    this.#keyOf = itemKey
    this.#context = context
    this.#limits = limits
    this.#onIdle = onIdle
    this.#later = createTimetable((item) => this.add(item), itemKey, context)
  }

  /** To be run as soon as possible. */
  add(item: Item): void {
    const group = groupOf(item)
    const items: Group<Item> = this.#ready.get(group) ?? new Map()
    this.#ready.set(group, items)
    const key = this.#keyOf(item)
    if (!items.has(key)) items.set(key, { item, sinceMs: this.#context.now().getTime() })
    this.#startMore()
  }

  /** Removes what waits of a document. */
  removeDocument(document: string): void {
    const group = groupOf({ document })
    const items = this.#ready.get(group)
    for (const [key, { item }] of items ?? []) if (item.document === document) items?.delete(key)
    if (items?.size === 0) this.#ready.delete(group)
    this.#later.removeDocument(document)
  }

  /** Items that wait to be run now, or are running. */
  get depth(): number {
    return [...this.#ready.values()].reduce((total, { size }) => total + size, this.#runs)
  }

  /** How long the oldest of them has waited or run. Milliseconds; 0 without items. */
  get oldestMs(): number {
    const times = [...this.#ready.values(), ...this.#running.values()].map((items) =>
      earliestOf(Array.from(items.values(), ({ sinceMs }) => sinceMs)),
    )
    return times.length === 0 ? 0 : Math.max(0, this.#context.now().getTime() - earliestOf(times))
  }

  /** Resolves after the signal, when nothing runs. @throws what the work throws */
  async run(): Promise<void> {
    const { signal } = this.#context
    this.#started = true
    this.#startMore()
    const end = () => {
      if (this.#runs === 0) this.#ended.resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    await this.#ended.promise
  }

  #startMore(): void {
    while (this.#started && !this.#context.signal.aborted && this.#runs < this.#limits.concurrency) {
      const item = this.#takeNext()
      if (item === undefined) return
      void this.#runItem(item)
    }
  }

  #takeNext(): Item | undefined {
    const { perDocument, perTenant, tenants } = this.#limits
    for (const [group, items] of this.#ready) {
      const inWork: Group<Item> = this.#running.get(group) ?? new Map()
      const isTenant = isOfTenants(group)
      if (isTenant && this.#tenantRuns >= tenants) continue
      const found = inWork.size < (isTenant ? perTenant : perDocument) ? firstOutside(items, inWork) : undefined
      if (found === undefined) continue
      items.delete(this.#keyOf(found))
      this.#ready.delete(group)
      if (items.size > 0) this.#ready.set(group, items) // the other groups are first now
      return found
    }
    return undefined
  }

  async #runItem(item: Item): Promise<void> {
    const { signal, now } = this.#context
    const group = groupOf(item)
    const tenantRuns = isOfTenants(group) ? 1 : 0
    const inWork: Group<Item> = this.#running.get(group) ?? new Map()
    this.#running.set(group, inWork.set(this.#keyOf(item), { item, sinceMs: now().getTime() }))
    this.#later.remove(item)
    this.#runs += 1
    this.#tenantRuns += tenantRuns
    try {
      const again = await this.#work(item)
      if (again !== undefined) this.#later.set(item, again)
    } catch (error) {
      if (!signal.aborted) this.#ended.reject(error)
    } finally {
      this.#runs -= 1
      this.#tenantRuns -= tenantRuns
      inWork.delete(this.#keyOf(item))
      if (inWork.size === 0) this.#running.delete(group)
      this.#startMore()
      if (this.#runs === 0 && this.#ready.size === 0 && !signal.aborted) this.#onIdle()
      if (signal.aborted && this.#runs === 0) this.#ended.resolve()
    }
  }
}

/** A spread of ten thousand arguments is near the limit of the stack. */
const earliestOf = (times: Iterable<number>): number => {
  let earliest = Number.POSITIVE_INFINITY
  for (const time of times) earliest = Math.min(earliest, time)
  return earliest
}

/** The items of one group, by key. */
type Group<Item> = Map<string, { readonly item: Item; readonly sinceMs: number }>

/** A document, or all PullSecrets of one namespace. */
const groupOf = ({ document }: Queued): string =>
  isOfTenants(document) ? document.slice(0, document.lastIndexOf('/')) : document

/** The first of them that is not running. */
function firstOutside<Item>(items: Group<Item>, inWork: Group<Item>): Item | undefined {
  for (const [key, { item }] of items) if (!inWork.has(key)) return item
  return undefined
}

interface Timetable<Item> {
  set(item: Item, at: Date): void
  remove(item: Item): void
  removeDocument(document: string): void
}

/** Items with a time: one sleep, until the earliest of them. */
function createTimetable<Item extends Queued>(
  add: (item: Item) => void,
  itemKey: (item: Item) => string,
  { now, sleep, signal }: QueueContext,
): Timetable<Item> {
  /** By document and key. */
  const times = new Map<string, Map<string, { readonly item: Item; readonly atMs: number }>>()
  let alarmMs = Number.POSITIVE_INFINITY
  let alarm: AbortController | undefined

  function setAlarm(atMs: number): void {
    if (atMs >= alarmMs || signal.aborted) return
    alarm?.abort()
    const own = new AbortController()
    alarm = own
    alarmMs = atMs
    const delayMs = Math.min(longestSleepMs, Math.max(0, atMs - now().getTime()))
    sleep(delayMs, AbortSignal.any([signal, own.signal])).then(
      () => release(),
      () => undefined, // replaced by an earlier alarm, or the run ends
    )
  }

  function release(): void {
    alarmMs = Number.POSITIVE_INFINITY
    const nowMs = now().getTime()
    const due: Item[] = []
    let nextMs = Number.POSITIVE_INFINITY
    for (const ofDocument of times.values()) {
      for (const { item, atMs } of ofDocument.values()) {
        if (atMs <= nowMs) due.push(item)
        else nextMs = Math.min(nextMs, atMs)
      }
    }
    for (const item of due) remove(item)
    setAlarm(nextMs)
    for (const item of due) add(item)
  }

  function remove(item: Item): void {
    const { document } = item
    const ofDocument = times.get(document)
    ofDocument?.delete(itemKey(item))
    if (ofDocument?.size === 0) times.delete(document)
  }

  return {
    set(item, at) {
      const { document } = item
      times.set(document, (times.get(document) ?? new Map()).set(itemKey(item), { item, atMs: at.getTime() }))
      setAlarm(at.getTime())
    },
    remove,
    removeDocument: (document) => void times.delete(document),
  }
}
