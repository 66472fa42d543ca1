/**
 * Serves one part of the sandbox: plain HTTP/1.1, or TLS with HTTP/2 and HTTP/1.1 by ALPN (RFC 7301), or TLS with
 * HTTP/1.1 only. A request is received completely, then a fault is injected or the handler responds.
 */

import { createFaultPlan, type FaultPlan, type Faults } from './faults.ts'
import type { SandboxHandler, SandboxResponse } from './handler.ts'
import { createIdleTimeout } from './idle-timeout.ts'
import { injectFault } from './inject-fault.ts'
import { openServer, type TlsOptions } from './open-server.ts'
import { type Incoming, receiveRequest } from './receive-request.ts'
import { createSeenRequests, type RequestFilter, type SeenRequest, type SeenRequests } from './seen-requests.ts'
import { type Outgoing, sendResponse } from './send-response.ts'

export interface PartOptions {
  readonly handler: SandboxHandler
  /** Absent: plain HTTP/1.1. */
  readonly tls?: TlsOptions
  /** The clock of `seen` and of every Date header; absent: the system clock. */
  readonly now?: () => Date
  /** Whether connections that were idle for 90 s by this clock are closed; absent: they are kept. */
  readonly idle?: 'ended' | 'kept'
  /** Absent: 3 MiB, the Kubernetes API server's limit. */
  readonly maxBodyBytes?: number
}

export interface Part extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  /** PEM of the authority that signed the server's certificate. */
  readonly ca?: string
  readonly faults: Faults
  /** The last 100,000 requests, in order of arrival. */
  readonly seen: readonly SeenRequest[]
  /** Resolves when that many matching requests have been received; immediately if they already have. */
  readonly whenSeen: (filter?: RequestFilter, times?: number) => Promise<void>
  /** Closes every connection, also active ones. */
  readonly close: () => Promise<void>
}

const defaultMaxBodyBytes = 3 << 20
/** One for all requests: an error is expensive, because of its stack. */
const closed = new Error('the response is closed')
const handling = new Set<Outgoing>()

/** How many requests the handlers of this process have not responded to, of clients that still wait: a test's clock waits for them. */
export const requestsInHandlers = (): number => handling.size

export async function servePart(options: PartOptions): Promise<Part> {
  const faults = createFaultPlan()
  const seen = createSeenRequests()
  const now = options.now ?? (() => new Date())
  const idle = options.idle === 'ended' ? createIdleTimeout(now) : undefined
  const server = await openServer(options.tls, (incoming, outgoing) => {
    idle?.use(incoming, outgoing)
    const entry = record(incoming, seen, now())
    const exchange = { entry, incoming, outgoing, reset: () => server.reset(incoming) }
    serveRequest(exchange, options, faults).catch((error: unknown) => reportHandlerError(outgoing, error))
  })
  const close = async (): Promise<void> => {
    idle?.stop()
    await server.close()
  }
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${server.port}`,
    port: server.port,
    ...(options.tls && { ca: options.tls.authority.ca }),
    faults,
    seen: seen.all,
    whenSeen: (filter, times) => seen.when(filter, times),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Exchange {
  readonly entry: { readonly method: string; status: number; readonly at: Date }
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly reset: () => void
}

async function serveRequest(exchange: Exchange, options: PartOptions, faults: FaultPlan): Promise<void> {
  const { entry, incoming, outgoing, reset } = exchange
  const disconnected = new AbortController()
  outgoing.once('close', () => {
    handling.delete(outgoing) // its handler may never end
    disconnected.abort(closed)
  })
  outgoing.setHeader('date', entry.at.toUTCString())
  const send = (response: SandboxResponse) => {
    entry.status = response.status
    return sendResponse(outgoing, entry.method, response)
  }
  const received = await receiveRequest(incoming, options.maxBodyBytes ?? defaultMaxBodyBytes, disconnected.signal)
  if ('refusal' in received) return send(received.refusal)
  const { request } = received
  const handle = async (forwarded = request) => {
    handling.add(outgoing)
    try {
      return await options.handler(forwarded)
    } finally {
      handling.delete(outgoing)
    }
  }
  const fault = faults.take(request)
  if (fault) await injectFault(fault, { request, outgoing, handle, send, reset })
  else await send(await handle())
}

function record(incoming: Incoming, seen: SeenRequests, at: Date): Exchange['entry'] {
  const path = (incoming.url ?? '').replace(/\?.*/s, '')
  const entry = { method: incoming.method ?? '', path, status: 0, at }
  seen.add(entry)
  return entry
}

/** A handler that throws is an error of the sandbox, which tests must distinguish from a response of the vendor. */
function reportHandlerError(outgoing: Outgoing, error: unknown): void {
  if (outgoing.headersSent) return void outgoing.destroy()
  outgoing.statusCode = 500
  outgoing.end(`The sandbox itself failed: ${error instanceof Error ? error.message : String(error)}\n`)
}
