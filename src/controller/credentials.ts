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
} from '../credential/registry-credential.ts'
import { documentName, tenantOf } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { Minted } from '../refresh/mint-credentials.ts'
import { retryDelayMs } from './schedule.ts'
import { ExchangeBudgets } from './tenants/exchange-budget.ts'
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
  /** An error that is not classified. */
  readonly onEnd: (error: unknown) => void
}

/** What is known of one request. */
interface RequestState {
  request: ExchangeRequest
  cached: CachedCredential | undefined
  failure: Failure | undefined
  exchanging: boolean
  /** Whether an exchange has begun since the settings are used. */
  begun: boolean
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

/** An exchange of a tenant. */
interface Turn {
  readonly document: string
  readonly mintedFrom: string
}

const tenantTurns: QueueLimits = { concurrency: 24, perDocument: 24, perTenant: 4, tenants: 24 }

export type Obtained = ReadonlyMap<string, CachedCredential | PullpassError | 'pending'>

type CredentialContext = Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>
type ExchangeAll = (requests: readonly ExchangeRequest[]) => Promise<Minted>

export class Credentials {
  readonly #exchange: ExchangeAll
  readonly #events: CredentialEvents
  readonly #context: CredentialContext
  readonly #states = new Map<string, RequestState>()

  /** The exchanges of tenants take turns: one that hangs, or thousands that fail, delay no other document. */
  readonly #turns: WorkQueue<Turn>
  readonly #budgets: ExchangeBudgets

  constructor(exchange: ExchangeAll, events: CredentialEvents, context: CredentialContext) {
    this.#exchange = exchange
    this.#events = events
    this.#context = context
    this.#budgets = new ExchangeBudgets(context)
    this.#turns = new WorkQueue(
      (turn) => this.#takeTurn(turn),
      ({ mintedFrom }) => mintedFrom,
      context,
      { limits: tenantTurns },
    )
    this.#start(() => this.#turns.run())
  }

  /**
   * Of each request, by its fingerprint: a valid credential, or why there is none, or `pending`. What is absent or due is exchanged,
   * unless a failure is too recent; `item` is queued when that has ended.
   */
  obtain(requests: readonly ExchangeRequest[], item: WorkItem): Obtained {
    const all = requests.map((request) => this.#stateFor(request))
    const at = this.#context.now()
    const due = all.filter((state) => isDue(state, at))
    for (const state of due) state.waiting.set(keyOf(item), item)
    const batch = due.filter(({ exchanging, failure }) => !exchanging && (failure?.retryAtMs ?? 0) <= at.getTime())
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

  /** No document needs it any more. */
  forget(mintedFrom: string): void {
    const state = this.#states.get(mintedFrom)
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
    const none = { cached: undefined, failure: undefined, exchanging: false, begun: false }
    const state = { request, ...none, waiting: new Map(), jitter }
    this.#states.set(request.mintedFrom, state)
    return state
  }

  #start(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#context.signal.aborted) this.#events.onEnd(error)
    })
  }

  #requestTurn(state: RequestState): void {
    state.exchanging = true
    const { document, mintedFrom } = state.request
    this.#turns.add({ document: documentName(document), mintedFrom })
  }

  async #takeTurn({ mintedFrom }: Turn): Promise<undefined> {
    const state = this.#states.get(mintedFrom)
    if (state === undefined) return undefined // its document was removed
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
    state.failure = undefined
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

function obtainedFrom(
  { cached, failure, exchanging }: RequestState,
  at: Date,
): CachedCredential | PullpassError | 'pending' {
  if (cached !== undefined && cached.expiresAt > at) return cached
  return exchanging || failure === undefined ? 'pending' : failure.fault
}
