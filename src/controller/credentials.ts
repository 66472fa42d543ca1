/**
 * The credentials of all documents, in memory: one exchange for each identity and registry, whatever the number of namespaces.
 *
 *   needed ─▶ cached and not due ─▶ used
 *     │        cached and due ─────▶ used while it is valid, and exchanged
 *     └──────▶ absent ─────────────▶ exchanged ─▶ cached, and the waiting Secrets are queued
 *                                     │ failed: the waiting Secrets keep their entries, and it is tried again
 *                                     └───────┘
 */
import {
  type Lifetime,
  type RegistryCredential,
  refreshDueAt,
  rereadSeconds,
  shortSeconds,
} from '../credential/registry-credential.ts'
import { tenantOf } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { Minted } from '../refresh/mint-credentials.ts'
import { retryDelayMs } from './schedule.ts'
import { ExchangeBudgets } from './tenants/exchange-budget.ts'
import { RetryBudgets, shortLivedLimited } from './tenants/retry-budget.ts'
import { keyOf, type QueueLimits, type WorkItem, WorkQueue } from './work-queue.ts'

export interface CachedCredential {
  readonly credential: RegistryCredential
  readonly mintedAt: Date
  /** Its expiry; of an unknown one, when it is to be read again. */
  readonly expiresAt: Date
  readonly dueAt: Date
}

export interface CredentialEvents {
  readonly queue: (item: WorkItem) => void
  /** After each exchange. */
  readonly onExchange: (request: ExchangeRequest, result: CachedCredential | PullpassError) => void
  /** The retries of its namespace are limited. */
  readonly onLimited: (request: ExchangeRequest) => void
  /** An error that is not classified. */
  readonly onEnd: (error: unknown) => void
}

/** What is known of one request. */
interface RequestState {
  request: ExchangeRequest
  cached: CachedCredential | undefined
  failure: Failure | undefined
  exchanging: boolean
  /** Whether a turn was requested for it. */
  queued: boolean
  /** Whether an exchange has begun since the settings are used. */
  begun: boolean
  /** Whether it succeeded before, in this term or an earlier one. */
  proven: boolean
  /** Of a tenant: the last retry. */
  retry: { readonly line: string; readonly state: 'waits' | 'started' } | undefined
  /** Whether the next attempt, or the last one, waits or waited for other failures of its namespace. */
  limited: boolean
  readonly waiting: Map<string, WorkItem>
  /** Drawn once for each credential, so that all its Secrets are due together. In [0, 1). */
  jitter: number
}

interface Failure {
  readonly fault: PullpassError
  /** Failures in a row; 0: it was not tried yet. */
  readonly count: number
  /** Of the first of them. */
  readonly sinceMs: number
  readonly retryAtMs: number
}

/** A new credential that expires sooner is a failure: refreshing it would be an endless loop of exchanges. Milliseconds. */
const leastLifeMs = 60_000

/** An exchange of a tenant. Those of one kind and namespace take turns as the Secrets of one document do. */
interface Turn {
  /** `PullSecret/NAMESPACE/KIND/` */
  readonly document: string
  readonly mintedFrom: string
}

/** Of credentials that are due. */
const refreshLimits: QueueLimits = { concurrency: 8, perDocument: 8, perTenant: 4, tenants: 8 }
/** Of settings that never succeeded, or fail: of a namespace, two of each kind of turn. */
const attemptLimits: QueueLimits = { concurrency: 16, perDocument: 16, perTenant: 2, tenants: 16 }

export type Obtained = ReadonlyMap<string, CachedCredential | PullpassError | 'pending'>

type CredentialContext = Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>
type ExchangeAll = (requests: readonly ExchangeRequest[]) => Promise<Minted>

export class Credentials {
  readonly #exchange: ExchangeAll
  readonly #events: CredentialEvents
  readonly #context: CredentialContext
  readonly #states = new Map<string, RequestState>()

  /** The exchanges of tenants take turns: one that hangs, or thousands that fail, delay no other document. */
  readonly #refreshes: WorkQueue<Turn>
  /** Apart from them, so that what fails does not delay what works, not even in the same namespace. */
  readonly #attempts: WorkQueue<Turn>
  readonly #budgets: ExchangeBudgets
  readonly #retries: RetryBudgets

  constructor(exchange: ExchangeAll, events: CredentialEvents, context: CredentialContext) {
    this.#exchange = exchange
    this.#events = events
    this.#context = context
    this.#budgets = new ExchangeBudgets(context)
    this.#retries = new RetryBudgets(context)
    const createTurns = (limits: QueueLimits) =>
      new WorkQueue<Turn>(
        (turn) => this.#takeTurn(turn),
        ({ mintedFrom }) => mintedFrom,
        context,
        { limits },
      )
    this.#refreshes = createTurns(refreshLimits)
    this.#attempts = createTurns(attemptLimits)
    for (const turns of [this.#refreshes, this.#attempts]) this.#start(() => turns.run())
  }

  /**
   * Of each request, by its fingerprint: a valid credential, or why there is none, or `pending`. What is absent or due is exchanged,
   * unless a failure is too recent; `item` is queued when that has ended. `valid`: of which the Secret has a valid entry.
   */
  obtain(requests: readonly ExchangeRequest[], item: WorkItem, valid: ReadonlySet<string> = new Set()): Obtained {
    const all = requests.map((request) => this.#stateFor(request))
    for (const state of all) state.proven ||= valid.has(state.request.mintedFrom)
    const at = this.#context.now()
    const due = all.filter((state) => isDue(state, at))
    for (const state of due) state.waiting.set(keyOf(item), item)
    const batch = due.filter(
      ({ exchanging, failure, retry }) =>
        !exchanging && retry?.state !== 'waits' && (failure?.retryAtMs ?? 0) <= at.getTime(),
    )
    const own = batch.filter(({ request }) => tenantOf(request.document) === undefined)
    if (own.length > 0) this.#start(() => this.#exchangeAll(own))
    for (const state of batch) if (!own.includes(state)) this.#requestTurn(state)
    return new Map(all.map((state) => [state.request.mintedFrom, obtainedFrom(state, at)]))
  }

  /** When an entry of a Secret is due. `from`: when it was written. */
  entryDueAt(mintedFrom: string, { from, expiresAt }: Lifetime): Date {
    const state = this.#states.get(mintedFrom)
    if (state?.cached?.expiresAt.getTime() === expiresAt.getTime()) return state.cached.dueAt
    return refreshDueAt({ from, expiresAt }, state?.jitter ?? 0.5)
  }

  /** Why the last exchange failed, of each request for which it did. */
  faultsOf(requests: readonly ExchangeRequest[]): PullpassError[] {
    return requests.flatMap(({ mintedFrom }) => this.#states.get(mintedFrom)?.failure?.fault ?? [])
  }

  /** Whether the next attempt of one of them waits for other failures of its namespace. */
  areLimited(requests: readonly ExchangeRequest[]): boolean {
    return requests.some(({ mintedFrom }) => this.#states.get(mintedFrom)?.limited === true)
  }

  /** Of tenants: retries, and refreshes of short-lived credentials, that wait for others of their namespace. */
  get waitingExchanges(): number {
    return this.#retries.waiting
  }

  /** No document needs it any more. */
  forget(mintedFrom: string): void {
    const state = this.#states.get(mintedFrom)
    if (state?.retry?.state === 'waits') this.#retries.withdraw(state.retry.line, mintedFrom)
    const tenant = state?.begun === true ? tenantOf(state.request.document) : undefined
    if (tenant !== undefined) this.#budgets.spend(tenant)
    this.#states.delete(mintedFrom)
  }

  #stateFor(request: ExchangeRequest): RequestState {
    const known = this.#states.get(request.mintedFrom)
    if (known !== undefined) {
      // One that names its issuer's publication stays: the publication gate applies to the token in all documents.
      if (known.request.document.issuer === undefined || request.document.issuer !== undefined) known.request = request
      return known
    }
    const jitter = this.#context.random()
    const none = { cached: undefined, failure: undefined, retry: undefined }
    const flags = { exchanging: false, queued: false, begun: false, proven: false, limited: false }
    const state = { request, ...none, ...flags, waiting: new Map(), jitter }
    this.#states.set(request.mintedFrom, state)
    return state
  }

  #start(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#context.signal.aborted) this.#events.onEnd(error)
    })
  }

  #requestTurn(state: RequestState): void {
    const tenant = tenantOf(state.request.document) ?? ''
    const kind = kindOf(state)
    const line = `${tenant}/${kind}`
    if (kind === 'due' || kind === 'first') {
      this.#addTurn(state, line)
      return
    }
    const start = () => {
      state.retry = { line, state: 'started' }
      if (state.failure?.count === 0) state.failure = undefined
      this.#addTurn(state, line)
    }
    if (this.#retries.request(line, state.request.mintedFrom, start) === 'started') {
      state.limited = false
      return
    }
    state.retry = { line, state: 'waits' }
    if (kind === 'short-lived') {
      this.#setWaiting(state, shortLivedLimited(tenant))
      return
    }
    if (!state.limited) this.#events.onLimited(state.request)
    state.limited = true
  }

  /** As a failure, until its refresh begins: the other entries are refreshed. */
  #setWaiting(state: RequestState, fault: PullpassError): void {
    const nowMs = this.#context.now().getTime()
    state.failure = { fault, count: 0, sinceMs: nowMs, retryAtMs: nowMs }
    this.#events.onExchange(state.request, fault)
    for (const item of state.waiting.values()) this.#events.queue(item)
  }

  #addTurn(state: RequestState, kind: string): void {
    state.exchanging = true
    state.queued = true
    const turns = state.proven && state.failure === undefined ? this.#refreshes : this.#attempts
    turns.add({ document: `PullSecret/${kind}/`, mintedFrom: state.request.mintedFrom })
  }

  async #takeTurn({ mintedFrom }: Turn): Promise<undefined> {
    const state = this.#states.get(mintedFrom)
    if (state?.queued !== true) return undefined // its document was removed
    state.queued = false
    const fault = state.begun ? undefined : this.#budgets.faultOf(tenantOf(state.request.document) ?? '')
    if (fault === undefined) await this.#exchangeAll([state])
    else this.#postpone(state, fault)
    return undefined
  }

  async #exchangeAll(batch: readonly RequestState[]): Promise<void> {
    for (const state of batch) {
      const tenant = state.begun ? undefined : tenantOf(state.request.document)
      if (tenant !== undefined) this.#budgets.use(tenant)
      state.exchanging = true
      state.begun = true
    }
    const startedAt = this.#context.now()
    const minted = await this.#exchange(batch.map(({ request }) => request))
    if (this.#context.signal.aborted) return // an interrupted exchange is not a failure
    for (const state of batch) {
      const result = minted.get(state.request.mintedFrom)
      if (result === undefined) throw new TypeError('an exchange request has no result')
      state.exchanging = false
      if (this.#states.get(state.request.mintedFrom) !== state) continue // no document needs it any more
      if (result instanceof PullpassError) this.#fail(state, result)
      else this.#store(state, result, startedAt)
    }
  }

  #store(state: RequestState, credential: RegistryCredential, mintedAt: Date): void {
    const readAt = credential.readAt ?? mintedAt
    const expiresAt = credential.expiresAt ?? new Date(readAt.getTime() + rereadSeconds * 1000)
    const lifeMs = expiresAt.getTime() - this.#context.now().getTime()
    if (lifeMs < leastLifeMs) {
      this.#fail(state, tooShort(state.request, lifeMs))
      return
    }
    state.jitter = this.#context.random()
    state.cached = {
      credential,
      mintedAt,
      expiresAt,
      dueAt: refreshDueAt({ from: mintedAt, expiresAt }, state.jitter),
    }
    const isRetry = (state.failure?.count ?? 0) > 0
    state.failure = undefined
    state.proven = true
    state.limited = false
    if (isRetry && state.retry?.state === 'started') this.#retries.succeeded(state.retry.line)
    this.#events.onExchange(state.request, state.cached)
    const items = [...state.waiting.values()]
    state.waiting.clear()
    for (const item of items) this.#events.queue(item)
  }

  #fail(state: RequestState, fault: PullpassError): void {
    if (this.#states.get(state.request.mintedFrom) !== state) return // its document was removed
    const { now, random } = this.#context
    const count = (state.failure?.count ?? 0) + 1
    const at = now()
    const sinceMs = count === 1 ? at.getTime() : (state.failure?.sinceMs ?? at.getTime())
    const delayMs = retryDelayMs(fault, count, { random: random(), now: at, failingMs: at.getTime() - sinceMs })
    this.#retry(state, { fault, count, sinceMs, retryAtMs: at.getTime() + delayMs }, delayMs)
    // Registries that succeeded are written, and entries of this one stay. Later failures change nothing.
    if (count === 1) for (const item of state.waiting.values()) this.#events.queue(item)
  }

  /** As a failure, until the namespace of a tenant may cause another exchange. */
  #postpone(state: RequestState, fault: PullpassError): void {
    const sinceMs = this.#context.now().getTime()
    const retryAtMs = fault.retryAt?.getTime() ?? sinceMs
    const isFirst = state.failure === undefined
    state.exchanging = false
    this.#retry(state, { fault, count: 0, sinceMs, retryAtMs }, retryAtMs - sinceMs)
    if (isFirst) for (const item of state.waiting.values()) this.#events.queue(item)
  }

  #retry(state: RequestState, failure: Failure, delayMs: number): void {
    const { sleep, signal } = this.#context
    state.failure = failure
    this.#events.onExchange(state.request, failure.fault)
    this.#start(async () => {
      await sleep(delayMs, signal)
      const isUsed = this.#states.get(state.request.mintedFrom) === state && state.waiting.size > 0
      if (!isUsed || state.exchanging || state.failure !== failure) return
      if (tenantOf(state.request.document) === undefined) await this.#exchangeAll([state])
      else this.#requestTurn(state)
    })
  }
}

/** The same request, whose duration is reported. */
export function timedExchange(
  request: ExchangeRequest,
  status: { readonly took: (work: 'exchange', result: 'succeeded' | 'failed', durationMs: number) => void },
  { now }: Pick<Context, 'now'>,
): ExchangeRequest {
  return {
    ...request,
    async exchange(token, context) {
      const startedMs = now().getTime()
      let result: 'succeeded' | 'failed' = 'failed'
      try {
        const credential = await request.exchange(token, context)
        result = 'succeeded'
        return credential
      } finally {
        if (!context.signal.aborted) status.took('exchange', result, now().getTime() - startedMs)
      }
    },
  }
}

/** @internal */
export const tooShort = (
  { registry }: { readonly registry: { readonly name: string } },
  lifeMs: number,
): PullpassError =>
  new PullpassError({
    code: 'CREDENTIAL_SHORT_LIVED',
    hop: 'exchange',
    seen: `the new credential of registry ${registry.name} expires in ${Math.round(lifeMs / 1000)} s`,
    expected: `at least ${leastLifeMs / 1000} s`,
    hint: 'set a longer lifetime in the document or at the vendor; compare the clocks',
    retryable: true,
    causeKey: registry.name,
  })

const isDue = ({ cached }: RequestState, at: Date): boolean => cached === undefined || cached.dueAt <= at

type Kind = 'due' | 'first' | 'short-lived' | 'failing' | 'never succeeded'

/** Of a turn. What was valid before does not wait for what never was; a short life is as expensive as a failure. */
function kindOf({ cached, failure, proven }: RequestState): Kind {
  if (failure !== undefined && failure.count > 0) return proven ? 'failing' : 'never succeeded'
  if (!proven) return 'first'
  const lifeMs =
    cached === undefined ? Number.POSITIVE_INFINITY : cached.expiresAt.getTime() - cached.mintedAt.getTime()
  return lifeMs < shortSeconds * 1000 ? 'short-lived' : 'due'
}

/** While a failed exchange is tried again, nothing waits for its result: the other entries are refreshed. */
function obtainedFrom({ cached, failure }: RequestState, at: Date): CachedCredential | PullpassError | 'pending' {
  if (cached !== undefined && cached.expiresAt > at) return cached
  return failure === undefined ? 'pending' : failure.fault
}
