/**
 * A fair queue of Secrets to reconcile, by document and namespace:
 *
 *   add ──▶ ready, a list for each document ──▶ running, documents in turn ──▶ later, if the work returns a time
 *             ▲                                       │ added meanwhile             │
 *             └───────────────────────────────────────┴────────── its time ─────────┘
 *
 * Each item is in the queue once and runs once at a time. A document has at most a part of the concurrency, so that one with
 * many or slow namespaces does not delay others.
 */
import type { Context } from '../http/context.ts'

export interface WorkItem {
  /** `ClusterPullSecret/NAME`. */
  readonly document: string
  readonly namespace: string
}

export interface WorkQueue {
  /** To be run as soon as possible. */
  add(item: WorkItem): void
  /** Removes what waits of a document. */
  removeDocument(document: string): void
  /** Items that wait to be run now, or are running. */
  depth(): number
  /** How long the oldest of them has waited or run. Milliseconds; 0 without items. */
  oldestMs(): number
  /** Resolves after the signal, when nothing runs. @throws what the work throws */
  run(): Promise<void>
}

export interface QueueLimits {
  readonly concurrency: number
  readonly perDocument: number
}

/** As many as the connection has concurrent requests; a document may use half of them. */
const defaultLimits: QueueLimits = { concurrency: 48, perDocument: 24 }
/** A clock that was set, or a machine that was suspended, is noticed after this time. Milliseconds. */
const longestSleepMs = 60_000

/** `work` returns when the item is to be run again; undefined: when it is added again. */
export function createWorkQueue(
  work: (item: WorkItem) => Promise<Date | undefined>,
  context: Pick<Context, 'now' | 'sleep' | 'signal'>,
  { concurrency, perDocument }: QueueLimits = defaultLimits,
): WorkQueue {
  const { now, signal } = context
  /** Namespaces by document, with the time at which they were added. Its order is that of the turns. */
  const ready = new Map<string, Map<string, number>>()
  const running = new Map<string, Map<string, number>>()
  const later = createTimetable(add, context)
  const ended = Promise.withResolvers<void>()
  let runs = 0
  let started = false

  function add(item: WorkItem): void {
    const namespaces = ready.get(item.document) ?? new Map<string, number>()
    ready.set(item.document, namespaces)
    if (!namespaces.has(item.namespace)) namespaces.set(item.namespace, now().getTime())
    startMore()
  }

  function startMore(): void {
    while (started && !signal.aborted && runs < concurrency) {
      const item = takeNext()
      if (item === undefined) return
      void runItem(item)
    }
  }

  function takeNext(): WorkItem | undefined {
    for (const [document, namespaces] of ready) {
      const inWork = running.get(document) ?? new Map<string, number>()
      if (inWork.size >= perDocument) continue
      const namespace = firstOutside(namespaces, inWork)
      if (namespace === undefined) continue
      namespaces.delete(namespace)
      ready.delete(document)
      if (namespaces.size > 0) ready.set(document, namespaces) // the other documents are first now
      return { document, namespace }
    }
    return undefined
  }

  async function runItem(item: WorkItem): Promise<void> {
    const { document, namespace } = item
    const inWork = running.get(document) ?? new Map<string, number>()
    running.set(document, inWork.set(namespace, now().getTime()))
    later.remove(item)
    runs += 1
    try {
      const again = await work(item)
      if (again !== undefined) later.set(item, again)
    } catch (error) {
      if (!signal.aborted) ended.reject(error)
    } finally {
      runs -= 1
      inWork.delete(namespace)
      if (inWork.size === 0) running.delete(document)
      startMore()
      if (signal.aborted && runs === 0) ended.resolve()
    }
  }

  return {
    add,
    removeDocument(document) {
      ready.delete(document)
      later.removeDocument(document)
    },
    depth: () => runs + sum([...ready.values()].map(({ size }) => size)),
    oldestMs() {
      const times = [...ready.values(), ...running.values()].flatMap((namespaces) => [...namespaces.values()])
      return times.length === 0 ? 0 : Math.max(0, now().getTime() - earliestOf(times))
    },
    async run() {
      started = true
      startMore()
      const end = () => {
        if (runs === 0) ended.resolve()
      }
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      await ended.promise
    },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
/** A spread of ten thousand arguments is near the limit of the stack. */
const earliestOf = (times: Iterable<number>): number => {
  let earliest = Number.POSITIVE_INFINITY
  for (const time of times) earliest = Math.min(earliest, time)
  return earliest
}

/** The first of them that is not running. */
function firstOutside(names: ReadonlyMap<string, number>, inWork: ReadonlyMap<string, number>): string | undefined {
  for (const name of names.keys()) if (!inWork.has(name)) return name
  return undefined
}

interface Timetable {
  set(item: WorkItem, at: Date): void
  remove(item: WorkItem): void
  removeDocument(document: string): void
}

/** Items with a time: one sleep, until the earliest of them. */
function createTimetable(
  add: (item: WorkItem) => void,
  { now, sleep, signal }: Pick<Context, 'now' | 'sleep' | 'signal'>,
): Timetable {
  const times = new Map<string, { readonly item: WorkItem; readonly atMs: number }>()
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
    const due = [...times].filter(([, { atMs }]) => atMs <= nowMs)
    for (const [key] of due) times.delete(key)
    setAlarm(earliestOf([...times.values()].map(({ atMs }) => atMs)))
    for (const [, { item }] of due) add(item)
  }

  return {
    set(item, at) {
      times.set(keyOf(item), { item, atMs: at.getTime() })
      setAlarm(at.getTime())
    },
    remove: (item) => void times.delete(keyOf(item)),
    removeDocument(document) {
      for (const [key, { item }] of times) if (item.document === document) times.delete(key)
    },
  }
}

/** Neither part contains a space. */
export const keyOf = ({ document, namespace }: WorkItem): string => `${document} ${namespace}`
