/**
 * Leader election by a Lease: of several replicas of a long-running command, one works.
 *
 *   standby ── Lease absent, released, or unchanged for 15 s ──▶ leader, for a term ── renewed every 2 s ─┐
 *      ▲                                                            │  ▲──────────────────────────────────┘
 *      └──── not renewed for 10 s, or another replica holds it ─────┘
 *
 * Times are the defaults of kube-controller-manager, but that a standby reads every second. No clock is compared with that of
 * another machine: a standby measures how long the Lease has not changed, a leader how long ago it began its last renewal.
 * https://kubernetes.io/docs/concepts/architecture/leases/
 */
import type { NamespacedName } from '../document/document.ts'
import { asFault, described, faultFields, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import {
  createLease,
  microTime,
  readLease,
  replaceLease,
  type StoredLease,
  type WrittenLease,
} from '../kubernetes/objects/lease.ts'

/** An unchanged Lease is free after this time. Milliseconds. */
const leaseMs = 15_000
/** A leader that did not renew it for this time writes nothing: what it sent before arrives within the rest of `leaseMs`. */
const deadlineMs = 10_000
const renewMs = 2_000
const retryMs = 500
const standbyMs = 1_000
/** An int32, which any client that may write the Lease can set to its maximum. */
const mostTransitions = 2 ** 31 - 1

export interface ElectionConfig {
  /** A connection of its own, that does not end with the run: renewals wait for no other request, and the Lease is released last. */
  readonly cluster: Cluster
  readonly lease: NamespacedName
  /** Unique for each process. */
  readonly identity: string
  /** A clock that is never set. Milliseconds. */
  readonly elapsedMs: () => number
}

export interface Term {
  /** Aborted when the term ends, and with the run. */
  readonly signal: AbortSignal
  /** Right before each write. @throws INTERRUPTED if the Lease was not renewed in time, which ends the term */
  readonly permit: () => void
}

interface OwnTerm {
  lease: StoredLease
  /** When the last successful renewal began. `wallMs` also counts while the machine is suspended. */
  renewed: { readonly elapsedMs: number; readonly wallMs: number }
  readonly end: AbortController
}

export class LeaderElection {
  readonly #config: ElectionConfig
  readonly #context: Pick<Context, 'now' | 'sleep' | 'log'>
  #leading = false
  #problem: PullpassError | undefined
  /** Of another replica, for the log. */
  #holder: string | undefined

  constructor(config: ElectionConfig, context: Pick<Context, 'now' | 'sleep' | 'log'>) {
    this.#config = config
    this.#context = context
  }

  get leading(): boolean {
    return this.#leading
  }

  get lease(): NamespacedName {
    return this.#config.lease
  }

  /** Why the Lease cannot be read or renewed. */
  get problem(): string | undefined {
    const { namespace, name } = this.#config.lease
    return this.#problem && `Lease ${namespace}/${name}: ${described(this.#problem)}`
  }

  /**
   * Calls `work` once for each term; it ends after the signal of the term, when nothing that it started is running. Resolves after
   * `signal`, when the Lease is released. @throws what the work throws
   */
  async lead(work: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const term = await this.#acquire(signal)
      if (term === undefined) return
      try {
        if (!signal.aborted) await this.#serve(term, work, signal)
      } finally {
        await this.#release(term)
      }
    }
  }

  /** Undefined: aborted. */
  async #acquire(signal: AbortSignal): Promise<OwnTerm | undefined> {
    let observed: { readonly content: string; readonly atMs: number } | undefined
    while (!signal.aborted) {
      try {
        const found = await readLease(this.#config.cluster, this.#config.lease)
        const atMs = this.#config.elapsedMs()
        const content = JSON.stringify(found ? [found.holder, found.renewTime, found.transitions] : 'absent')
        if (observed?.content !== content) observed = { content, atMs }
        const term = this.#isFree(found, atMs - observed.atMs) ? await this.#take(found) : 'conflict'
        this.#problem = undefined
        if (term !== 'conflict') return term
        this.#noteHolder(found)
      } catch (error) {
        this.#fail(error)
      }
      await this.#pause(standbyMs, signal)
    }
    return undefined
  }

  #isFree(found: StoredLease | undefined, unchangedMs: number): boolean {
    // Ours: the response to an earlier attempt was lost.
    return found === undefined || ['', this.#config.identity].includes(found.holder) || unchangedMs >= leaseMs
  }

  async #take(found: StoredLease | undefined): Promise<OwnTerm | 'conflict'> {
    const renewed = this.#readClocks()
    const time = microTime(this.#context.now())
    const transitions = found === undefined || found.transitions >= mostTransitions ? 0 : found.transitions + 1
    const content = this.#content({ acquireTime: time, renewTime: time, transitions })
    const { cluster, lease } = this.#config
    const stored =
      found === undefined
        ? await createLease(cluster, lease, content)
        : await replaceLease(cluster, lease, { ...content, resourceVersion: found.resourceVersion })
    return stored === 'conflict' ? 'conflict' : { lease: stored, renewed, end: new AbortController() }
  }

  async #serve(term: OwnTerm, work: (term: Term) => Promise<void>, ended: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([ended, term.end.signal])
    const permit = () => {
      if (!this.#isCurrent(term)) this.#end(term, `was not renewed for ${deadlineMs / 1000} s`)
      term.end.signal.throwIfAborted()
    }
    this.#leading = true
    this.#holder = undefined
    this.#context.log('info', 'this replica leads', { identity: this.#config.identity })
    const renewals = this.#renew(term, signal)
    try {
      await Promise.race([work({ signal, permit }), renewals.then(() => new Promise<never>(() => {}))])
    } finally {
      this.#leading = false
      this.#end(term, 'is no longer needed')
      await renewals
    }
  }

  /** Until the signal. */
  async #renew(term: OwnTerm, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#pause(this.#problem === undefined ? renewMs : retryMs, signal)
      if (signal.aborted) return
      try {
        if ((await this.#renewOnce(term)) === 'lost') this.#end(term, 'has another holder')
        else this.#problem = undefined
      } catch (error) {
        this.#fail(error)
      }
      if (!this.#isCurrent(term)) this.#end(term, `was not renewed for ${deadlineMs / 1000} s`)
    }
  }

  async #renewOnce(term: OwnTerm): Promise<'renewed' | 'lost'> {
    const { cluster, lease } = this.#config
    for (let attempt = 1; attempt <= 2; attempt++) {
      const renewed = this.#readClocks()
      const content = this.#content({ ...term.lease, renewTime: microTime(this.#context.now()) })
      const { resourceVersion } = term.lease
      const stored = await replaceLease(cluster, lease, { ...content, resourceVersion })
      if (stored !== 'conflict') {
        term.lease = stored
        term.renewed = renewed
        return 'renewed'
      }
      // A label was changed, or the response to an earlier renewal was lost: it is still ours.
      const found = await readLease(cluster, lease)
      const { holder, acquireTime, transitions } = term.lease
      const isOurs = found?.holder === holder && found.acquireTime === acquireTime && found.transitions === transitions
      if (!isOurs) return 'lost'
      term.lease = found
    }
    return 'lost'
  }

  #isCurrent({ renewed }: OwnTerm): boolean {
    const { elapsedMs, wallMs } = this.#readClocks()
    return Math.max(elapsedMs - renewed.elapsedMs, wallMs - renewed.wallMs) < deadlineMs
  }

  #end(term: OwnTerm, why: string): void {
    if (term.end.signal.aborted) return
    const { namespace, name } = this.#config.lease
    const seen = `Lease ${namespace}/${name} ${why}`
    if (this.#leading) this.#context.log('warn', 'this replica no longer leads', { seen })
    this.#leading = false
    const expected = 'a Lease that this replica has renewed'
    term.end.abort(new PullpassError({ code: 'INTERRUPTED', hop: 'run', seen, expected, retryable: true }))
  }

  /** So that a standby need not wait. One with another holder stays as it is. */
  async #release({ lease: { resourceVersion, ...stored } }: OwnTerm): Promise<void> {
    const { cluster, lease } = this.#config
    const renewTime = microTime(this.#context.now())
    const released = { ...this.#content({ ...stored, renewTime }), holder: '', durationSeconds: 1, resourceVersion }
    try {
      const result = await replaceLease(cluster, lease, released)
      const { namespace, name } = lease
      if (result !== 'conflict') this.#context.log('info', 'the Lease was released', { lease: `${namespace}/${name}` })
    } catch (error) {
      this.#fail(error)
    }
  }

  #content(times: Pick<WrittenLease, 'acquireTime' | 'renewTime' | 'transitions'>): WrittenLease {
    const { acquireTime, renewTime, transitions } = times
    return {
      holder: this.#config.identity,
      acquireTime,
      renewTime,
      transitions,
      durationSeconds: leaseMs / 1000,
    }
  }

  #readClocks = () => ({ elapsedMs: this.#config.elapsedMs(), wallMs: this.#context.now().getTime() })

  #noteHolder(found: StoredLease | undefined): void {
    if (found === undefined || found.holder === this.#holder) return
    this.#holder = found.holder
    this.#context.log('info', 'another replica leads, this one is on standby', { leader: found.holder })
  }

  /** @throws an error that is not classified */
  #fail(error: unknown): void {
    const fault = asFault(error)
    if (fault.code !== this.#problem?.code)
      this.#context.log('error', 'the Lease could not be read or renewed', faultFields(fault))
    this.#problem = fault
  }

  /** Ends early with the signal. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#context.sleep(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}

/** The same cluster for requests of a term: each attempt of a request that may change something is permitted first. */
export const guardWrites = (cluster: Cluster, permit: () => void): Cluster => ({
  ...cluster,
  request: async (request) => await cluster.request(request.method === 'GET' ? request : { ...request, permit }),
  reconnect: (reconnection) => guardWrites(cluster.reconnect(reconnection), permit),
})
