/**
 * The credentials of all documents, in memory: one exchange for each identity and registry, whatever the number of namespaces.
 *
 *   needed ─▶ held and not due ─▶ used
 *     │        held and due ─────▶ used while it is valid, and exchanged
 *     └──────▶ absent ───────────▶ exchanged ─▶ held, and the waiting Secrets are queued
 *                                     │ failed: the waiting Secrets keep their entries, and it is tried again
 *                                     └───────┘
 */
import { type RegistryCredential, rereadSeconds } from '../credential/registry-credential.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { Minted } from '../refresh/mint-credentials.ts'
import { dueAt, retryDelayMs } from './schedule.ts'
import { keyOf, type WorkItem } from './work-queue.ts'

export interface HeldCredential {
  readonly credential: RegistryCredential
  readonly mintedAt: Date
  /** Its expiry; of an unknown one, when it is to be read again. */
  readonly expiresAt: Date
  readonly dueAt: Date
}

export interface Credentials {
  /**
   * Of each request, by its fingerprint: a valid credential, or why there is none, or `pending`. What is absent or due is exchanged,
   * unless a failure is too recent; `item` is queued when that has ended.
   */
  obtain(
    requests: readonly ExchangeRequest[],
    item: WorkItem,
  ): ReadonlyMap<string, HeldCredential | PullpassError | 'pending'>
  /** When an entry of a Secret is due. `from`: when it was written. */
  entryDueAt(mintedFrom: string, entry: { readonly from: Date; readonly expiresAt: Date }): Date
  /** Forgets credentials of other sources. */
  retain(sources: ReadonlySet<string>): void
  /** Exchanges that fail now. */
  failures(): PullpassError[]
}

export interface CredentialEvents {
  readonly queue: (item: WorkItem) => void
  /** After each exchange; undefined: it succeeded. */
  readonly onExchange: (request: ExchangeRequest, fault: PullpassError | undefined) => void
  /** An error that is not classified. */
  readonly onEnd: (error: unknown) => void
}

interface Source {
  request: ExchangeRequest
  held: HeldCredential | undefined
  failure: { readonly fault: PullpassError; readonly count: number; readonly retryAtMs: number } | undefined
  exchanging: boolean
  readonly waiting: Map<string, WorkItem>
  /** Drawn once for each credential, so that all its Secrets are due together. In [0, 1). */
  jitter: number
}

/** A credential that expires sooner is not written any more. Milliseconds. */
const leastLeftMs = 60_000

export function createCredentials(
  exchange: (requests: readonly ExchangeRequest[]) => Promise<Minted>,
  { queue, onExchange, onEnd }: CredentialEvents,
  context: Pick<Context, 'now' | 'random' | 'sleep' | 'signal'>,
): Credentials {
  const { now, random, sleep, signal } = context
  const sources = new Map<string, Source>()

  function sourceOf(request: ExchangeRequest): Source {
    const known = sources.get(request.mintedFrom)
    if (known !== undefined) {
      known.request = request
      return known
    }
    const source = {
      request,
      held: undefined,
      failure: undefined,
      exchanging: false,
      waiting: new Map(),
      jitter: random(),
    }
    sources.set(request.mintedFrom, source)
    return source
  }

  async function exchangeAll(batch: readonly Source[]): Promise<void> {
    for (const source of batch) source.exchanging = true
    const startedAt = now()
    const minted = await exchange(batch.map(({ request }) => request))
    if (signal.aborted) return // an interrupted exchange is not a failure
    for (const source of batch) {
      const result = minted.get(source.request.mintedFrom)
      source.exchanging = false
      if (result === undefined) continue
      if (result instanceof PullpassError) fail(source, result)
      else hold(source, result, startedAt)
    }
  }

  function hold(source: Source, credential: RegistryCredential, mintedAt: Date): void {
    const expiresAt = credential.expiresAt ?? new Date((credential.readAt ?? mintedAt).getTime() + rereadSeconds * 1000)
    source.jitter = random()
    source.held = { credential, mintedAt, expiresAt, dueAt: dueAt({ from: mintedAt, expiresAt }, source.jitter) }
    source.failure = undefined
    onExchange(source.request, undefined)
    queueWaiting(source)
  }

  function fail(source: Source, fault: PullpassError): void {
    const count = (source.failure?.count ?? 0) + 1
    const delayMs = retryDelayMs(fault, count, { random: random(), now: now() })
    const retryAtMs = now().getTime() + delayMs
    source.failure = { fault, count, retryAtMs }
    onExchange(source.request, fault)
    // Registries that succeeded are written, and entries of this one stay. Later failures change nothing.
    if (count === 1) for (const item of source.waiting.values()) queue(item)
    guard(retryAfter(source, delayMs))
  }

  async function retryAfter(source: Source, delayMs: number): Promise<void> {
    await sleep(delayMs, signal)
    const isUsed = sources.get(source.request.mintedFrom) === source && source.waiting.size > 0
    if (isUsed && !source.exchanging && source.failure !== undefined) await exchangeAll([source])
  }

  function queueWaiting(source: Source): void {
    const items = [...source.waiting.values()]
    source.waiting.clear()
    for (const item of items) queue(item)
  }

  function guard(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!signal.aborted) onEnd(error)
    })
  }

  return {
    obtain(requests, item) {
      const all = requests.map(sourceOf)
      const at = now()
      const due = all.filter((source) => isDue(source, at))
      for (const source of due) source.waiting.set(keyOf(item), item)
      const batch = due.filter(({ exchanging, failure }) => !exchanging && (failure?.retryAtMs ?? 0) <= at.getTime())
      if (batch.length > 0) guard(exchangeAll(batch))
      return new Map(all.map((source) => [source.request.mintedFrom, stateOf(source, at)]))
    },
    entryDueAt(mintedFrom, { from, expiresAt }) {
      const source = sources.get(mintedFrom)
      const held = source?.held
      if (held !== undefined && held.expiresAt.getTime() === expiresAt.getTime()) return held.dueAt
      return dueAt({ from, expiresAt }, source?.jitter ?? 0.5)
    },
    retain(used) {
      for (const name of sources.keys()) if (!used.has(name)) sources.delete(name)
    },
    failures: () => [...sources.values()].flatMap(({ failure }) => failure?.fault ?? []),
  }
}

const isDue = ({ held }: Source, at: Date): boolean => held === undefined || held.dueAt <= at

function stateOf({ held, failure, exchanging }: Source, at: Date): HeldCredential | PullpassError | 'pending' {
  if (held !== undefined && held.expiresAt.getTime() - at.getTime() >= leastLeftMs) return held
  return exchanging || failure === undefined ? 'pending' : failure.fault
}
