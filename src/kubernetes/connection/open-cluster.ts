/**
 * A cluster over one line at a time: requests queue for a slot, are sent, and sent again while that may help.
 *
 *   request ──▶ slot ──▶ line (opened, or the one that is open) ──▶ answer
 *                 ▲         │ 429, 5xx, reset, GOAWAY, stall: wait, then a line that is usable
 *                 └─────────┘
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import type { Context } from '../../http/context.ts'
import { retryAtOf } from '../../http/retry.ts'
import { ResponseInvalid, ResponseTooLarge } from '../../http/transport.ts'
import { showUrl } from '../../text/show.ts'
import { splitCertificates } from './certificates.ts'
import type {
  Cluster,
  ClusterAccess,
  ClusterIdentity,
  ClusterRequest,
  ClusterResponse,
  Reconnection,
} from './cluster.ts'
import { type HttpRequest, type HttpResponse, type ReusedConnection, reuseConnection, Untrusted } from './connection.ts'
import { type ConnectionLimits, openConnection } from './open-connection.ts'
import { unreachable } from './response.ts'
import { createSemaphore } from './semaphore.ts'
import { isTooLargeToStore } from './status.ts'

export type ClusterContext = Pick<Context, 'now' | 'random' | 'sleep' | 'signal' | 'log' | 'secrets' | 'waiting'>

export interface ClusterLimits extends ConnectionLimits {
  /** How long requests under way that change something may go on when the run is interrupted. */
  readonly graceMs: number
  /** How long a request is made again at most, whatever it asks for itself; absent: as long as a refresh can wait. */
  readonly retryForMs?: number
}

/**
 * The server allows 100 streams a connection; beyond 50 it is the limit itself (bench/). An admission webhook may take
 * 30 s; a connection that is gone is noticed sooner, by its silence.
 */
export const defaultLimits: ClusterLimits = { inFlight: 50, idleTimeoutMs: 30_000, graceMs: 5_000 }
const defaultResponseBytes = 1024 * 1024
/** Longer ones come one after another: each is held in memory, parsed, before anything of it is dropped. */
const largeResponseBytes = 2 * 1024 * 1024
const defaultTimeoutMs = 60_000

export function openCluster(
  access: ClusterAccess,
  context: ClusterContext,
  limits: ClusterLimits = defaultLimits,
): Cluster {
  const lines = reuseConnection((ended) => openConnection(access, limits, ended))
  const semaphore = createSemaphore(limits.inFlight, context.signal)
  const large = createSemaphore(1, context.signal)
  const { retryForMs } = limits
  const connection: Connection = { access, lines, context, retryForMs, heard: false, changes: 0, closed: false }
  const grace = endAfterGrace(connection, limits.graceMs)
  return {
    server: access.server.href.replace(/\/$/, ''),
    secrets: context.secrets,
    async request(wanted) {
      const limited = () => semaphore.run(() => requestUntilAnswered(connection, wanted))
      return await ((wanted.maxResponseBytes ?? 0) > largeResponseBytes ? large.run(limited) : limited())
    },
    reconnect: (wanted) => reconnect(access, context, limits, wanted),
    async authorities() {
      if (access.server.protocol !== 'https:') return []
      return splitCertificates((await (access.configured ?? access.trust)()).ca ?? '')
    },
    async close() {
      connection.closed = true
      grace.cancel()
      await lines.end()
    },
  }
}

function reconnect(
  access: ClusterAccess,
  context: ClusterContext,
  limits: ClusterLimits,
  { address, signal, authorities }: Reconnection = {},
): Cluster {
  const trusting = authorities === undefined ? access : trustingAlone(access, authorities)
  const there = address === undefined ? trusting : accessAt(trusting, address)
  if (signal === undefined) return openCluster(there, context, limits)
  // Who ends it himself waits for nothing.
  return openCluster(
    there,
    { ...context, signal: AbortSignal.any([context.signal, signal]) },
    { ...limits, graceMs: 0 },
  )
}

/**
 * A proxy that the kubeconfig names leads to the server that it names, not to an address inside the cluster. Nor does its
 * insecure-skip-tls-verify reach further: what writes an EndpointSlice would else be sent the credential.
 */
const accessAt = ({ trust, identify, configured }: ClusterAccess, server: URL): ClusterAccess => ({
  server,
  ...(configured && { configured }),
  trust: async () => ({ ...(await trust()), serverName: 'kubernetes.default.svc', verify: 'always' }),
  identify,
})

const trustingAlone = (access: ClusterAccess, authorities: readonly string[]): ClusterAccess => ({
  ...access,
  trust: async () => ({ ...(await access.trust()), ca: authorities.join('\n') }),
  configured: access.configured ?? access.trust,
})

interface Connection {
  readonly access: ClusterAccess
  readonly lines: ReusedConnection
  readonly context: ClusterContext
  readonly retryForMs: number | undefined
  /** Whether the server ever answered. */
  heard: boolean
  /** Requests under way that may change something. */
  changes: number
  /** Nothing is sent again then: it would open a line that nobody ends. */
  closed: boolean
}

/** What changes something is let finish, for a while, so that its outcome is known; what only asks is not waited for. */
function endAfterGrace(connection: Connection, graceMs: number): { cancel(): void } {
  const { lines, context } = connection
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => void lines.end(), connection.changes > 0 ? graceMs : 0)
  }
  context.signal.addEventListener('abort', begin, { once: true })
  return {
    cancel() {
      context.signal.removeEventListener('abort', begin)
      clearTimeout(timer)
    },
  }
}

async function requestUntilAnswered(connection: Connection, wanted: ClusterRequest): Promise<ClusterResponse> {
  const { context } = connection
  const startedMs = context.now().getTime()
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptRequest(connection, wanted)
    const now = context.now()
    const patience = {
      attempt,
      elapsedMs: now.getTime() - startedMs,
      server: connection.heard ? ('heard' as const) : ('unheard' as const),
      retryForMs: shortest(wanted.retryForMs, connection.retryForMs),
    }
    const delayMs = nextAttemptMs(outcome, patience, context.random(), now)
    if (delayMs === undefined || connection.closed) return settle(connection, outcome)
    context.signal.throwIfAborted()
    context.log('debug', 'a request to the API server is made again', { attempt, delayMs, ...shown(outcome) })
    await context.sleep(delayMs, context.signal)
  }
}

/** Of two limits that may be absent. */
function shortest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

function settle({ access, context }: Connection, outcome: Attempt): ClusterResponse {
  if (outcome.kind === 'answered') {
    const { status, body } = outcome
    return { status, body }
  }
  context.signal.throwIfAborted() // ended by the signal itself, when its grace was over
  throw unreachable(access.server, outcome.error)
}

const shown = (outcome: Outcome) =>
  outcome.kind === 'answered' ? { status: outcome.status } : { error: systemErrorCode(outcome.error) ?? 'none' }

type Attempt =
  | Extract<Outcome, { kind: 'failed' }>
  | (Extract<Outcome, { kind: 'answered' }> & { readonly body: string })

async function attemptRequest(connection: Connection, wanted: ClusterRequest): Promise<Attempt> {
  const { access, context } = connection
  const change = wanted.method === 'GET' ? 0 : 1
  const answered = context.waiting?.({
    hop: 'kubernetes',
    endpoint: `the API server at ${showUrl(access.server.href)}`,
  })
  connection.changes += change
  try {
    const identity = await access.identify('asked')
    let answer = await sendOnce(connection, wanted, identity)
    if (answer.status === 401) {
      const newer = await access.identify('refused')
      if (newer !== identity) answer = await sendOnce(connection, wanted, newer)
    }
    connection.heard = true
    const retryAt = retryAtOf(answer.retryAfter, context.now())
    return { kind: 'answered', ...answer, isTooLarge: isTooLargeToStore(answer), retryAt }
  } catch (error) {
    return { kind: 'failed', error }
  } finally {
    answered?.()
    connection.changes -= change
  }
}

async function sendOnce(connection: Connection, wanted: ClusterRequest, who: ClusterIdentity): Promise<HttpResponse> {
  const { lines, access, context } = connection
  const { method, path } = wanted
  context.secrets.add(who.authorization)
  context.log('debug', 'a request to the API server', { method, path })
  const line = await lines.current()
  const answer = await line.send(messageOf(access.server, wanted, who))
  context.log('debug', 'an answer of the API server', { method, path, status: answer.status })
  return answer
}

function messageOf(server: URL, wanted: ClusterRequest, identity: ClusterIdentity): HttpRequest {
  const headers: Record<string, string | string[]> = {
    ...identity.headers,
    accept: wanted.accept ?? 'application/json',
    'user-agent': 'pullpass',
  }
  if (identity.authorization) headers['authorization'] = identity.authorization.reveal()
  if (wanted.contentType !== undefined) headers['content-type'] = wanted.contentType
  const { body } = wanted
  return {
    method: wanted.method,
    path: server.pathname.replace(/\/$/, '') + wanted.path,
    headers,
    body: typeof body === 'function' ? body().reveal() : body,
    maxResponseBytes: wanted.maxResponseBytes ?? defaultResponseBytes,
    timeoutMs: wanted.timeoutMs ?? defaultTimeoutMs,
  }
}

/** Whether a request to the API server is made again, and when: a pure rule over what became of it. */
export type Outcome =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly retryAt: Date | undefined
      /** The object exceeds what etcd stores. */
      readonly isTooLarge?: boolean
    }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface Patience {
  /** Attempts made so far. */
  readonly attempt: number
  /** Since the first of them. */
  readonly elapsedMs: number
  /** Whether this server answered anything in this run: one that never did is sooner given up. */
  readonly server: 'heard' | 'unheard'
  /** The longest time that this request may take with all its attempts. Absent: 2 min. */
  readonly retryForMs?: number | undefined
}

const firstMs = 100
const maxBackoffMs = 5_000
const giveUpMs = { heard: 120_000, unheard: 10_000 } as const

/**
 * Milliseconds to wait before the next attempt; undefined where another would not help, or not within a run's patience.
 * Everything that is asked of the API server may be repeated: an apply is idempotent, a further token does no harm.
 * `random` in [0, 1).
 */
export function nextAttemptMs(outcome: Outcome, patience: Patience, random: number, now: Date): number | undefined {
  if (!mayPass(outcome)) return undefined
  const backoffMs = Math.min(maxBackoffMs, firstMs * 2 ** (patience.attempt - 1)) * (0.5 + random / 2)
  const retryAt = outcome.kind === 'answered' ? outcome.retryAt : undefined
  const delayMs = Math.round(Math.max(backoffMs, retryAt ? retryAt.getTime() - now.getTime() : 0))
  const giveUpAfterMs = Math.min(giveUpMs[patience.server], patience.retryForMs ?? giveUpMs.heard)
  return patience.elapsedMs + delayMs > giveUpAfterMs ? undefined : delayMs
}

function mayPass(outcome: Outcome): boolean {
  if (outcome.kind === 'answered') return (outcome.status === 429 || outcome.status >= 500) && !outcome.isTooLarge
  const { error } = outcome
  if ([PullpassError, ResponseTooLarge, ResponseInvalid, Untrusted].some((kind) => error instanceof kind)) return false
  return systemErrorCode(error) !== 'ENOTFOUND' // a name that does not exist is a wrong kubeconfig
}
