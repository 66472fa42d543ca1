/**
 * An HTTP/1.1 server for small responses from memory: GET and HEAD, with limits on size, time and connections, and graceful
 * shutdown. It serves plain HTTP, to probes or behind a proxy that terminates TLS. Requests that have a response are never rate
 * limited: refusing one costs as much as serving it, and a shared limit could be used up by any client.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PullpassError } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'

export interface HttpResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export interface ListenAddress {
  /** Undefined: every address of the machine. */
  readonly host: string | undefined
  /** 0: any free port. */
  readonly port: number
}

export interface HttpServerConfig {
  readonly listen: ListenAddress
  /** `path` has no query; header names are lower-case. Undefined: not found. */
  readonly respond: (path: string, headers: Readonly<Record<string, string | undefined>>) => HttpResponse | undefined
  /** Whether a request for an unknown path or method gets 404 or 405, or 429. Absent: never with 429. */
  readonly allow?: () => boolean
  /** How long an idle connection is kept open. Absent: 65 s, longer than common proxies keep theirs. */
  readonly keepAliveMs?: number
}

export interface HttpServer {
  readonly port: number
  /** Stops accepting connections and waits for open requests, for at most `graceMs`. */
  close(graceMs: number): Promise<void>
}

const maxConnections = 1_000

/** @throws USAGE_INVALID if the server cannot listen at the address */
export async function openHttpServer(config: HttpServerConfig): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: config.keepAliveMs ?? 65_000, // a proxy with a longer timeout would reuse closed connections
    },
    (request, response) => serve(config, server, request, response),
  )
  limitConnections(server)
  server.maxRequestsPerSocket = 10_000
  server.on('clientError', (_, socket) => socket.destroy()) // not HTTP, too slow or too large
  const port = await listen(server, config.listen)
  return { port, close: async (graceMs) => await close(server, graceMs) }
}

/** Above the limit, the connection that was idle for longest is closed: no client can lock others out. */
function limitConnections(server: Server): void {
  const byLastUse = new Set<Socket>()
  const touch = (socket: Socket) => {
    byLastUse.delete(socket)
    byLastUse.add(socket)
  }
  server.on('connection', (socket) => {
    touch(socket)
    socket.once('close', () => byLastUse.delete(socket))
    const [oldest] = byLastUse
    if (byLastUse.size > maxConnections) oldest?.destroy()
  })
  server.on('request', ({ socket }) => touch(socket))
}

function serve(config: HttpServerConfig, server: Server, request: IncomingMessage, response: ServerResponse): void {
  const { headers } = request
  // A request body is not read, and its connection is closed.
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  if (hasBody || !server.listening) response.setHeader('connection', 'close')
  const { status, headers: fields, text } = respondTo(request, config)
  if (status !== 304) response.setHeader('content-length', Buffer.byteLength(text))
  response.writeHead(status, fields)
  response.end(request.method === 'HEAD' || status === 304 ? undefined : text)
}

function respondTo(
  { method, url = '', headers }: IncomingMessage,
  { respond, allow = () => true }: HttpServerConfig,
): HttpResponse {
  const isRead = method === 'GET' || method === 'HEAD'
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
  const response = isRead ? respond(url.replace(/[?#].*/s, ''), texts) : undefined
  if (response !== undefined) return response
  if (!allow()) return plainResponse(429, 'too many requests', { 'retry-after': '1' })
  return isRead ? plainResponse(404, 'not found') : plainResponse(405, 'only GET and HEAD', { allow: 'GET, HEAD' })
}

/** A line or lines of text, which no cache keeps. */
export const plainResponse = (
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  text: `${text}\n`,
})

async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, ...(host !== undefined && { host }) }, resolve)
  await promise.catch((error: unknown) => {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: `cannot listen at ${host ?? '*'}:${port}: ${systemErrorCode(error) ?? 'unknown error'}`,
      expected: 'an address of this machine and a free port',
      hint: 'choose another address, or stop the process that uses it',
      cause: error,
    })
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}

export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
  readonly now: () => Date
}

/** A token bucket: each call takes a token, and returns whether there was one. */
export function createRateLimit({ perSecond, burst, now }: RateLimit): () => boolean {
  let tokens = burst
  let filledAtMs = now().getTime()
  return () => {
    const nowMs = now().getTime()
    tokens = Math.min(burst, tokens + (Math.max(0, nowMs - filledAtMs) / 1000) * perSecond)
    filledAtMs = nowMs
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
