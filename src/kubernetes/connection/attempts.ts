/** Attempts of a request, and of opening a stream: with the current identity, repeated while that may help. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import { retryAtOf } from '../../http/retry.ts'
import { parseHttpDate, ResponseInvalid, ResponseTooLarge } from '../../http/transport.ts'
import { showUrl } from '../../text/show.ts'
import type {
  ClusterAccess,
  ClusterContext,
  ClusterIdentity,
  ClusterRequest,
  ClusterResponse,
  ClusterStream,
  ClusterStreamRequest,
} from './cluster.ts'
import {
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
  type HttpStreamRequest,
  type ReusedConnection,
  Untrusted,
} from './connection.ts'
import { unreachable } from './response.ts'
import { isTooLargeToStore } from './status.ts'
import type { StreamConnection, StreamConnections } from './stream-connections.ts'

/** What the requests of one opened cluster share. */
export interface Channel {
  readonly access: ClusterAccess
  readonly connections: ReusedConnection
  readonly streams: StreamConnections
  readonly context: ClusterContext
  readonly retryForMs: number | undefined
  /** Whether the server responded to any request. */
  hasResponded: boolean
  /** By its last response. */
  clockAheadMs: number | undefined
  /** Requests in flight that may change something. */
  changes: number
  /** Nothing is repeated then: it would open a connection that is never closed. */
  closed: boolean
}

const defaultResponseBytes = 1024 * 1024
const defaultTimeoutMs = 60_000

export const attemptUntilResponse = async (channel: Channel, request: ClusterRequest): Promise<Attempt<HttpResponse>> =>
  await repeat(channel, request, async (identity) => {
    const connection = await channel.connections.current()
    request.permit?.()
    return await connection.send(composeRequest(channel.access.server, request, identity))
  })

/** @throws as a request */
export async function openStream(
  channel: Channel,
  { maxLineBytes, idleTimeoutMs, signal: own, ...request }: ClusterStreamRequest,
): Promise<ClusterStream | ClusterResponse> {
  const { access, context } = channel
  const signal = own === undefined ? context.signal : AbortSignal.any([context.signal, own])
  const attempt = await repeat(channel, { ...request, method: 'GET' }, async (identity) => {
    const { path, headers } = composeRequest(access.server, { ...request, method: 'GET' }, identity)
    const sent = { path, headers, timeoutMs: defaultTimeoutMs, maxLineBytes, idleTimeoutMs, signal }
    return await streamOn(await channel.streams.take(), sent)
  })
  signal.throwIfAborted()
  const response = settle(channel, attempt)
  if (!('lines' in response)) return { status: response.status, body: response.body }
  const { allowSilence, close } = response
  return { status: 200, lines: explainErrors(response.lines, channel, signal), allowSilence, close }
}

/** Releases the connection when the stream is closed, or read to its end, or when there is none. */
async function streamOn({ connection, release }: StreamConnection, sent: HttpStreamRequest) {
  try {
    sent.signal.throwIfAborted()
    const response = await connection.stream(sent)
    if (!('lines' in response)) {
      release()
      return response
    }
    const close = () => {
      response.close()
      release()
    }
    return { ...response, lines: releaseAfter(response.lines, release), close }
  } catch (error) {
    release()
    throw error
  }
}

async function* releaseAfter(lines: HttpStream['lines'], release: () => void): HttpStream['lines'] {
  try {
    yield* lines
  } finally {
    release()
  }
}

async function* explainErrors(
  lines: AsyncGenerator<string, void>,
  { access }: Channel,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  try {
    yield* lines
  } catch (error) {
    signal.throwIfAborted()
    throw unreachable(access.server, error)
  }
}

/** Sends a request once. */
type Exchange<T> = (identity: ClusterIdentity) => Promise<T>

async function repeat<T extends HttpResponse | HttpStream>(
  channel: Channel,
  request: Pick<ClusterRequest, 'method' | 'path' | 'retryForMs'>,
  exchange: Exchange<T>,
): Promise<Attempt<T>> {
  const { context } = channel
  const startedMs = context.now().getTime()
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(channel, request, exchange)
    const now = context.now()
    const state = {
      attempt,
      elapsedMs: now.getTime() - startedMs,
      server: channel.hasResponded ? ('responded' as const) : ('silent' as const),
      retryForMs: shortest(request.retryForMs, channel.retryForMs),
    }
    const delayMs = nextAttemptMs(outcome, state, context.random(), now)
    if (delayMs === undefined || channel.closed) return outcome
    context.signal.throwIfAborted()
    context.log('debug', 'a request to the API server is repeated', { attempt, delayMs, ...shown(outcome) })
    await context.sleep(delayMs, context.signal)
  }
}

/** Of two limits that may be absent. */
function shortest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

/** @throws why there was no response */
export function settle<T>({ access, context }: Channel, attempt: Attempt<T>): T {
  if (attempt.kind === 'response') return attempt.response
  context.signal.throwIfAborted() // ended by the signal itself, when its grace was over
  throw unreachable(access.server, attempt.error)
}

const shown = (outcome: Outcome) =>
  outcome.kind === 'response' ? { status: outcome.status } : { error: systemErrorCode(outcome.error) ?? 'none' }

type Attempt<T> =
  | Extract<Outcome, { kind: 'failed' }>
  | (Extract<Outcome, { kind: 'response' }> & { readonly response: T })

async function attemptOnce<T extends HttpResponse | HttpStream>(
  channel: Channel,
  { method, path }: Pick<ClusterRequest, 'method' | 'path'>,
  exchange: Exchange<T>,
): Promise<Attempt<T>> {
  const { access, context } = channel
  const change = method === 'GET' ? 0 : 1
  const endWaiting = context.waiting?.({
    hop: 'kubernetes',
    endpoint: `the API server at ${showUrl(access.server.href)}`,
  })
  const send = async (identity: ClusterIdentity): Promise<T> => {
    context.secrets.add(identity.authorization)
    context.log('debug', 'a request to the API server', { method, path })
    const response = await exchange(identity)
    context.log('debug', 'a response of the API server', { method, path, status: response.status })
    return response
  }
  channel.changes += change
  try {
    const identity = await access.identify('needed')
    let response = await send(identity)
    if (response.status === 401) {
      const newer = await access.identify('refused')
      if (newer !== identity) response = await send(newer)
    }
    channel.hasResponded = true
    channel.clockAheadMs = aheadMs(response.date, context.now())
    const { status } = response
    const isTooLarge = 'body' in response && isTooLargeToStore(response)
    return { kind: 'response', status, response, isTooLarge, retryAt: retryAtOf(response.retryAfter, context.now()) }
  } catch (error) {
    return { kind: 'failed', error }
  } finally {
    endWaiting?.()
    channel.changes -= change
  }
}

function aheadMs(header: string | undefined, now: Date): number | undefined {
  const date = parseHttpDate(header)
  return date && now.getTime() - date.getTime()
}

function composeRequest(server: URL, request: ClusterRequest, identity: ClusterIdentity): HttpRequest {
  const headers: Record<string, string | string[]> = {
    ...identity.headers,
    accept: request.accept ?? 'application/json',
    'user-agent': 'pullpass',
  }
  if (identity.authorization) headers['authorization'] = identity.authorization.reveal()
  if (request.contentType !== undefined) headers['content-type'] = request.contentType
  const { body } = request
  return {
    method: request.method,
    path: server.pathname.replace(/\/$/, '') + request.path,
    headers,
    body: typeof body === 'function' ? body().reveal() : body,
    maxResponseBytes: request.maxResponseBytes ?? defaultResponseBytes,
    timeoutMs: request.timeoutMs ?? defaultTimeoutMs,
  }
}

// Whether and when an attempt is repeated: a pure rule.

export type Outcome =
  | {
      readonly kind: 'response'
      readonly status: number
      readonly retryAt: Date | undefined
      /** The object exceeds what etcd stores. */
      readonly isTooLarge?: boolean
    }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface AttemptState {
  /** Attempts so far. */
  readonly attempt: number
  /** Since the first of them. */
  readonly elapsedMs: number
  /** Whether this server responded to any request of this run: retries of one that did not end sooner. */
  readonly server: 'responded' | 'silent'
  /** The longest time that this request may take with all its attempts. Absent: 2 min. */
  readonly retryForMs?: number | undefined
}

const firstMs = 100
const maxBackoffMs = 5_000
const giveUpMs = { responded: 120_000, silent: 10_000 } as const

/**
 * Milliseconds to wait before the next attempt; undefined if another would not help, or not within the time limit.
 * Every request may be repeated: an apply is idempotent, a further token does no harm. `random` is in [0, 1).
 * @internal
 */
export function nextAttemptMs(outcome: Outcome, state: AttemptState, random: number, now: Date): number | undefined {
  if (!mayPass(outcome)) return undefined
  const backoffMs = Math.min(maxBackoffMs, firstMs * 2 ** (state.attempt - 1)) * (0.5 + random / 2)
  const retryAt = outcome.kind === 'response' ? outcome.retryAt : undefined
  const delayMs = Math.round(Math.max(backoffMs, retryAt ? retryAt.getTime() - now.getTime() : 0))
  const giveUpAfterMs = Math.min(giveUpMs[state.server], state.retryForMs ?? giveUpMs.responded)
  return state.elapsedMs + delayMs > giveUpAfterMs ? undefined : delayMs
}

function mayPass(outcome: Outcome): boolean {
  if (outcome.kind === 'response') return (outcome.status === 429 || outcome.status >= 500) && !outcome.isTooLarge
  const { error } = outcome
  if ([PullpassError, ResponseTooLarge, ResponseInvalid, Untrusted].some((kind) => error instanceof kind)) return false
  return systemErrorCode(error) !== 'ENOTFOUND' // a name that does not exist is a wrong kubeconfig
}
