/**
 * A cluster over one connection at a time, and further ones for streams:
 *
 *   request ──▶ semaphore ──▶ connection (the open one, or a new one) ──▶ response
 *                  ▲             │ 429, 5xx, reset, GOAWAY, stall: wait, then on a usable connection
 *                  └─────────────┘
 */
import { attemptUntilResponse, type Channel, openStream, settle } from './attempts.ts'
import { splitCertificates } from './certificates.ts'
import type { Cluster, ClusterAccess, ClusterContext, Reconnection } from './cluster.ts'
import { reuseConnection } from './connection.ts'
import { type ConnectionLimits, openConnection } from './open-connection.ts'
import { createSemaphore } from './semaphore.ts'
import { createStreamConnections } from './stream-connections.ts'

export interface ClusterLimits extends ConnectionLimits {
  /** How long requests in flight that change something may continue when the run is interrupted. */
  readonly graceMs: number
  /** The longest time that any request is retried; absent: as long as a refresh can wait. */
  readonly retryForMs?: number
}

/**
 * The server allows 100 streams a connection; beyond 50 it is the bottleneck itself (bench/). An admission webhook may take
 * 30 s; a connection that is gone is detected sooner, by PING.
 */
export const defaultLimits: ClusterLimits = { inFlight: 50, idleTimeoutMs: 30_000, graceMs: 5_000 }
/** Longer responses are read one at a time: each is in memory, parsed, before any of it is dropped. */
const largeResponseBytes = 2 * 1024 * 1024

/** Of one connection: half of what the server allows. */
const maxStreams = 50

export function openCluster(
  access: ClusterAccess,
  context: ClusterContext,
  limits: ClusterLimits = defaultLimits,
): Cluster {
  const open = async (ended: AbortSignal) => await openConnection(access, limits, ended)
  const connections = reuseConnection(open)
  const streams = createStreamConnections(open, maxStreams)
  const semaphore = createSemaphore(limits.inFlight, context.signal)
  const large = createSemaphore(1, context.signal)
  const { retryForMs } = limits
  const channel: Channel = {
    access,
    connections,
    streams,
    context,
    retryForMs,
    hasResponded: false,
    clockAheadMs: undefined,
    changes: 0,
    closed: false,
  }
  const grace = endAfterGrace(channel, limits.graceMs)
  return {
    server: access.server.href.replace(/\/$/, ''),
    secrets: context.secrets,
    async request(request) {
      const limited = () =>
        semaphore.run(async () => {
          const { status, body } = settle(channel, await attemptUntilResponse(channel, request))
          return { status, body }
        })
      return await ((request.maxResponseBytes ?? 0) > largeResponseBytes ? large.run(limited) : limited())
    },
    stream: async (request) => await openStream(channel, request),
    clockAheadMs: () => channel.clockAheadMs,
    reconnect: (reconnection) => reconnect(access, context, limits, reconnection),
    async authorities() {
      if (access.server.protocol !== 'https:') return []
      return splitCertificates((await (access.configured ?? access.trust)()).ca ?? '')
    },
    async close() {
      channel.closed = true
      grace.cancel()
      await endConnections(channel)
    },
  }
}

function reconnect(
  access: ClusterAccess,
  context: ClusterContext,
  limits: ClusterLimits,
  { address, signal, authorities }: Reconnection = {},
): Cluster {
  const trusting = authorities === undefined ? access : trustingOnly(access, authorities)
  const there = address === undefined ? trusting : accessAt(trusting, address)
  if (signal === undefined) return openCluster(there, context, limits)
  // The caller that ends it waits for no request.
  return openCluster(
    there,
    { ...context, signal: AbortSignal.any([context.signal, signal]) },
    { ...limits, graceMs: 0 },
  )
}

/**
 * The kubeconfig's proxy leads to the server that the kubeconfig names, not to an address inside the cluster. Its
 * insecure-skip-tls-verify does not apply either: a client that can write an EndpointSlice would receive the credential.
 */
const accessAt = ({ trust, identify, configured }: ClusterAccess, server: URL): ClusterAccess => ({
  server,
  ...(configured && { configured }),
  trust: async () => ({ ...(await trust()), serverName: 'kubernetes.default.svc', verify: 'always' }),
  identify,
})

const trustingOnly = (access: ClusterAccess, authorities: readonly string[]): ClusterAccess => ({
  ...access,
  trust: async () => ({ ...(await access.trust()), ca: authorities.join('\n') }),
  configured: access.configured ?? access.trust,
})

/** Requests that change something may finish for a while, so that their outcome is known; reads are not waited for. */
function endAfterGrace(channel: Channel, graceMs: number): { cancel(): void } {
  const { context } = channel
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => void endConnections(channel), channel.changes > 0 ? graceMs : 0)
  }
  context.signal.addEventListener('abort', begin, { once: true })
  return {
    cancel() {
      context.signal.removeEventListener('abort', begin)
      clearTimeout(timer)
    },
  }
}

const endConnections = async ({ connections, streams }: Channel): Promise<void> => {
  await Promise.all([connections.end(), streams.end()])
}
