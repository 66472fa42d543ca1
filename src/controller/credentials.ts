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

interface Source {
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

const tenantTurns: QueueLimits = { concurrency: 24, perDocument: 24, perTenant: 4, tenants: 24 }

export type Obtained = ReadonlyMap<string, CachedCredential | PullpassError | 'pending'>

type CredentialContext = Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>
type ExchangeAll = (requests: readonly ExchangeRequest[]) => Promise<Minted>

export class Credentials {
  readonly #exchange: ExchangeAll
  readonly #events: CredentialEvents
  readonly #context: CredentialContext
  readonly #sources = new Map<string, Source>()

  /** The exchanges of tenants take turns: one that hangs, or thousands that fail, delay no other document. */
  readonly #turns: WorkQueue
  readonly #budgets: ExchangeBudgets

  constructor(exchange: ExchangeAll, events: CredentialEvents, context: CredentialContext) {
    this.#exchange = exchange
    this.#events = events
    this.#context = context
    this.#budgets = new ExchangeBudgets(context)
    this.#turns = new WorkQueue(({ namespace: source }) => this.#takeTurn(source), context, { limits: tenantTurns })
    this.#start(() => this.#turns.run())
  }

  /**
   * Of each request, by its fingerprint: a valid credential, or why there is none, or `pending`. What is absent or due is exchanged,
   * unless a failure is too recent; `item` is queued when that has ended.
   */
  obtain(requests: readonly ExchangeRequest[], item: WorkItem): Obtained {
    const all = requests.map((request) => this.#sourceOf(request))
    const at = this.#context.now()
    const due = all.filter((source) => isDue(source, at))
    for (const source of due) source.waiting.set(keyOf(item), item)
    const batch = due.filter(({ exchanging, failure }) => !exchanging && (failure?.retryAtMs ?? 0) <= at.getTime())
    const own = batch.filter(({ request }) => tenantOf(request.document) === undefined)
    if (own.length > 0) this.#start(() => this.#exchangeAll(own))
    for (const source of batch) if (!own.includes(source)) this.#requestTurn(source)
    return new Map(all.map((source) => [source.request.mintedFrom, stateOf(source, at)]))
  }

  /** When an entry of a Secret is due. `from`: when it was written. */
  entryDueAt(mintedFrom: string, { from, expiresAt }: Lifetime): Date {
    const source = this.#sources.get(mintedFrom)
    if (source?.cached?.expiresAt.getTime() === expiresAt.getTime()) return source.cached.dueAt
    return refreshDueAt({ from, expiresAt }, source?.jitter ?? 0.5)
  }

  /** Why the last exchange failed, of each request for which it did. */
  faultsOf(requests: readonly ExchangeRequest[]): PullpassError[] {
    return requests.flatMap(({ mintedFrom }) => this.#sources.get(mintedFrom)?.failure?.fault ?? [])
  }

  /** No document needs it any more. */
  forget(mintedFrom: string): void {
    const source = this.#sources.get(mintedFrom)
    const tenant = source?.begun === true ? tenantOf(source.request.document) : undefined
    if (tenant !== undefined) this.#budgets.spend(tenant)
    this.#sources.delete(mintedFrom)
  }

  #sourceOf(request: ExchangeRequest): Source {
    const known = this.#sources.get(request.mintedFrom)
    if (known !== undefined) {
      // One that names its issuer's publication stays: the publication gate applies to the token in all documents.
      if (known.request.document.issuer === undefined || request.document.issuer !== undefined) known.request = request
      return known
    }
    const jitter = this.#context.random()
    const none = { cached: undefined, failure: undefined, exchanging: false, begun: false }
    const source = { request, ...none, waiting: new Map(), jitter }
    this.#sources.set(request.mintedFrom, source)
    return source
  }

  #start(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (!this.#context.signal.aborted) this.#events.onEnd(error)
    })
  }

  #requestTurn(source: Source): void {
    source.exchanging = true
    const { document, mintedFrom } = source.request
    this.#turns.add({ document: documentName(document), namespace: mintedFrom })
  }

  async #takeTurn(mintedFrom: string): Promise<undefined> {
    const source = this.#sources.get(mintedFrom)
    if (source === undefined) return undefined // its document was removed
    const fault = source.begun ? undefined : this.#budgets.faultOf(tenantOf(source.request.document) ?? '')
    if (fault === undefined) await this.#exchangeAll([source])
    else this.#postpone(source, fault)
    return undefined
  }

  async #exchangeAll(batch: readonly Source[]): Promise<void> {
    for (const source of batch) {
      const tenant = source.begun ? undefined : tenantOf(source.request.document)
      if (tenant !== undefined) this.#budgets.use(tenant)
      source.exchanging = true
      source.begun = true
    }
    const startedAt = this.#context.now()
    const minted = await this.#exchange(batch.map(({ request }) => request))
    if (this.#context.signal.aborted) return // an interrupted exchange is not a failure
    for (const source of batch) {
      const result = minted.get(source.request.mintedFrom)
      if (result === undefined) throw new TypeError('an exchange request has no result')
      source.exchanging = false
      if (this.#sources.get(source.request.mintedFrom) !== source) continue // no document needs it any more
      if (result instanceof PullpassError) this.#fail(source, result)
      else this.#store(source, result, startedAt)
    }
  }

  #store(source: Source, credential: RegistryCredential, mintedAt: Date): void {
    const readAt = credential.readAt ?? mintedAt
    const expiresAt = credential.expiresAt ?? new Date(readAt.getTime() + rereadSeconds * 1000)
    const lifeMs = expiresAt.getTime() - this.#context.now().getTime()
    if (lifeMs < leastLifeMs) {
      this.#fail(source, tooShort(source.request, lifeMs))
      return
    }
    source.jitter = this.#context.random()
    source.cached = {
      credential,
      mintedAt,
      expiresAt,
      dueAt: refreshDueAt({ from: mintedAt, expiresAt }, source.jitter),
    }
    source.failure = undefined
    this.#events.onExchange(source.request, source.cached)
    const items = [...source.waiting.values()]
    source.waiting.clear()
    for (const item of items) this.#events.queue(item)
  }

  #fail(source: Source, fault: PullpassError): void {
    if (this.#sources.get(source.request.mintedFrom) !== source) return // its document was removed
    const { now, random } = this.#context
    const count = (source.failure?.count ?? 0) + 1
    const at = now()
    const sinceMs = count === 1 ? at.getTime() : (source.failure?.sinceMs ?? at.getTime())
    const delayMs = retryDelayMs(fault, count, { random: random(), now: at, failingMs: at.getTime() - sinceMs })
    this.#retry(source, { fault, count, sinceMs, retryAtMs: at.getTime() + delayMs }, delayMs)
    // Registries that succeeded are written, and entries of this one stay. Later failures change nothing.
    if (count === 1) for (const item of source.waiting.values()) this.#events.queue(item)
  }

  /** As a failure, until the namespace of a tenant may cause another exchange. */
  #postpone(source: Source, fault: PullpassError): void {
    const sinceMs = this.#context.now().getTime()
    const retryAtMs = fault.retryAt?.getTime() ?? sinceMs
    const isFirst = source.failure === undefined
    source.exchanging = false
    this.#retry(source, { fault, count: 0, sinceMs, retryAtMs }, retryAtMs - sinceMs)
    if (isFirst) for (const item of source.waiting.values()) this.#events.queue(item)
  }

  #retry(source: Source, failure: Failure, delayMs: number): void {
    const { sleep, signal } = this.#context
    source.failure = failure
    this.#events.onExchange(source.request, failure.fault)
    this.#start(async () => {
      await sleep(delayMs, signal)
      const isUsed = this.#sources.get(source.request.mintedFrom) === source && source.waiting.size > 0
      if (!isUsed || source.exchanging || source.failure !== failure) return
      if (tenantOf(source.request.document) === undefined) await this.#exchangeAll([source])
      else this.#requestTurn(source)
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

const isDue = ({ cached }: Source, at: Date): boolean => cached === undefined || cached.dueAt <= at

function stateOf({ cached, failure, exchanging }: Source, at: Date): CachedCredential | PullpassError | 'pending' {
  if (cached !== undefined && cached.expiresAt > at) return cached
  return exchanging || failure === undefined ? 'pending' : failure.fault
}
