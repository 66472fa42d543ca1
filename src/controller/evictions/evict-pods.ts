/** Evicts stuck pods, one after another: each at most once for each content of its pull secret, and at most one in a second. */
import { asFault, type PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { evictPod, type PendingPod, type StuckPod } from '../../kubernetes/objects/pending-pods.ts'
import type { ControllerEvents } from '../events.ts'
import { type Failures, failedAgain } from '../schedule.ts'
import type { ControllerStatus } from '../status.ts'
import type { StatusWriter } from '../write-statuses.ts'

export interface Evictable {
  /** `ClusterPullSecret/NAME`. */
  readonly document: string
  readonly secretName: string
  readonly servedSince: Date
}

export interface EvictionView {
  pendingPods(): Iterable<PendingPod>
  /** Undefined: no document evicts this pod. */
  evictableFor(pod: StuckPod): Evictable | undefined
}

interface Evictor {
  readonly cluster: Cluster
  readonly events: Pick<ControllerEvents, 'evicted'>
  readonly status: Pick<ControllerStatus, 'failed' | 'succeeded'>
  readonly statuses: Pick<StatusWriter, 'changed'>
}

interface Attempt {
  readonly document: string
  /** Absent: the last attempt did not fail. */
  readonly failure?: Failures & { readonly fault: PullpassError }
  readonly servedSinceMs: number
  /** Infinity: it was evicted. */
  readonly retryAtMs: number
}

interface Candidate extends Evictable {
  readonly pod: StuckPod
}

const intervalMs = 1_000
/** A disruption budget may allow it then. */
const postponedMs = 60_000

export class PodEvictions {
  readonly #view: EvictionView
  readonly #evictor: Evictor
  readonly #context: Pick<Context, 'now' | 'random' | 'sleep' | 'log' | 'signal'>
  /** By UID of the pod. */
  readonly #attempts = new Map<string, Attempt>()
  /** Namespaces of stuck pods in the order of their last turns: many pods of one do not delay those of another. */
  #turns: readonly string[] = []
  #changed = Promise.withResolvers<void>()

  constructor(
    view: EvictionView,
    evictor: Evictor,
    context: Pick<Context, 'now' | 'random' | 'sleep' | 'log' | 'signal'>,
  ) {
    this.#view = view
    this.#evictor = evictor
    this.#context = context
  }

  /** A pod, a pull secret, an account or a document changed. */
  changed(): void {
    this.#changed.resolve()
  }

  /** Of a pod that is stuck now. */
  faultOf(document: string): PullpassError | undefined {
    return [...this.#attempts.values()].find((one) => one.document === document && one.failure !== undefined)?.failure
      ?.fault
  }

  /** @throws the signal's reason, and an error that is not classified */
  async run(): Promise<never> {
    const { sleep, signal } = this.#context
    for (let laterMs: number | undefined; ; ) {
      await this.#waitForChange(laterMs)
      await sleep(intervalMs, signal)
      this.#changed = Promise.withResolvers()
      const { next, retryAtMs } = this.#choose()
      laterMs = retryAtMs === undefined ? undefined : Math.max(0, retryAtMs - this.#context.now().getTime())
      if (next === undefined) continue
      await this.#evict(next)
      this.changed() // there may be more
    }
  }

  async #waitForChange(withinMs: number | undefined): Promise<void> {
    const { sleep, signal } = this.#context
    const end = new AbortController()
    const ending = AbortSignal.any([signal, end.signal])
    const longestMs = 60_000 // a clock that was set is noticed after this time
    const alarm = sleep(Math.min(withinMs ?? longestMs, longestMs), ending).catch(() => undefined)
    await Promise.race([this.#changed.promise, alarm])
    end.abort()
    signal.throwIfAborted()
  }

  /** A pod that is evicted now, of the namespace that waits longest; or when one is tried again. Forgets pods that are no longer stuck. */
  #choose(): { readonly next: Candidate | undefined; readonly retryAtMs: number | undefined } {
    const nowMs = this.#context.now().getTime()
    const stuck = new Set<string>()
    const namespaces = new Set<string>()
    const due = new Map<string, Candidate>()
    let retryAtMs: number | undefined
    for (const { stuck: pod } of this.#view.pendingPods()) {
      if (pod === undefined) continue
      stuck.add(pod.uid)
      namespaces.add(pod.namespace)
      const evictable = this.#view.evictableFor(pod)
      if (evictable === undefined) continue
      const tried = this.#attempts.get(pod.uid)
      const notBeforeMs = tried?.servedSinceMs === evictable.servedSince.getTime() ? tried.retryAtMs : 0
      if (notBeforeMs <= nowMs) {
        if (!due.has(pod.namespace)) due.set(pod.namespace, { ...evictable, pod })
      } else if (notBeforeMs < (retryAtMs ?? Number.POSITIVE_INFINITY)) retryAtMs = notBeforeMs
    }
    for (const uid of this.#attempts.keys()) if (!stuck.has(uid)) this.#forget(uid)
    this.#turns = this.#turns.filter((one) => namespaces.has(one))
    return { next: this.#takeTurn(due), retryAtMs }
  }

  #takeTurn(due: ReadonlyMap<string, Candidate>): Candidate | undefined {
    const turnOf = (namespace: string) => this.#turns.indexOf(namespace) // -1: it had none
    const [namespace] = [...due.keys()].toSorted((one, other) => turnOf(one) - turnOf(other))
    if (namespace === undefined) return undefined
    this.#turns = [...this.#turns.filter((one) => one !== namespace), namespace]
    return due.get(namespace)
  }

  #forget(uid: string): void {
    const { document, failure } = this.#attempts.get(uid) ?? {}
    this.#attempts.delete(uid)
    this.#evictor.status.succeeded(subjectOf(uid))
    if (document !== undefined && failure !== undefined) this.#evictor.statuses.changed(document)
  }

  async #evict({ document, secretName, servedSince, pod }: Candidate): Promise<void> {
    const { cluster, events, status, statuses } = this.#evictor
    const { now, log, signal } = this.#context
    const { namespace, name, uid } = pod
    const before = this.#attempts.get(uid)
    const record = (retryAtMs: number, failure?: Attempt['failure']) => {
      const servedSinceMs = servedSince.getTime()
      this.#attempts.set(uid, { document, servedSinceMs, retryAtMs, ...(failure && { failure }) })
      if (before?.failure !== undefined || failure !== undefined) statuses.changed(document)
    }
    const retryAfter = (ms: number) => record(now().getTime() + ms)
    const fields = { document, namespace, pod: name }
    try {
      const result = await evictPod(cluster, pod)
      if (result === 'changed') return retryAfter(intervalMs) // the watch reports the change
      if (result === 'postponed') {
        log('info', 'an eviction is postponed: a disruption budget does not allow it now', fields)
        return retryAfter(postponedMs)
      }
      record(Number.POSITIVE_INFINITY)
      status.succeeded(subjectOf(uid))
      log('info', 'a stuck pod was evicted', fields)
      events.evicted({ document, namespace, name, uid, secretName })
    } catch (error) {
      signal.throwIfAborted()
      const fault = asFault(error)
      const failure = { ...failedAgain(before?.failure, fault, this.#context), fault }
      record(failure.retryAtMs, failure)
      status.failed(subjectOf(uid), fault, fields, 'a pod could not be evicted')
    }
  }
}

const subjectOf = (uid: string): string => `pod ${uid}`
