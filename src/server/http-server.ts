/**
 * A small HTTP/1.1 server for what fits in memory: GET and HEAD, bounded in size, time and connections, ended gracefully.
 * It speaks plain HTTP: a proxy, an Ingress or a probe stands before it. What it has it answers to everybody, however many
 * ask: to refuse costs as much, and a bound that all share is anybody's to use up.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PullpassError } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'

export interface ServedAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export interface ListenAddress {
  /** Undefined: every address of the machine. */
  readonly host: string | undefined
  /** 0: a free one. */
  readonly port: number
}

export interface HttpServerWanted {
  readonly listen: ListenAddress
  /** `path` without its query; header names are lower-case. */
  readonly answer: (path: string, headers: Readonly<Record<string, string | undefined>>) => ServedAnswer | undefined
  /** Whether one more request for what is not here is told so, or to come back. Absent: always. */
  readonly allow?: () => boolean
  /** How long a connection without a request is kept. Absent: 65 s, longer than the proxies before it keep theirs. */
  readonly keepAliveMs?: number
}

export interface HttpServer {
  readonly port: number
  /** Answers what is under way, for at most this long, and takes no more. */
  close(longestMs: number): Promise<void>
}

/** Of connections at once. */
const most = 1_000

/** @throws USAGE_INVALID where the address cannot be listened at */
export async function openHttpServer(wanted: HttpServerWanted): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: wanted.keepAliveMs ?? 65_000, // a proxy that keeps it longer meets a connection that just ended
    },
    (request, response) => serve(wanted, server, request, response),
  )
  boundConnections(server)
  server.maxRequestsPerSocket = 10_000
  server.on('clientError', (_, socket) => socket.destroy()) // no HTTP, or too slow or large
  const port = await listen(server, wanted.listen)
  return { port, close: async (longestMs) => await close(server, longestMs) }
}

/** Where they run short, the one gives way that was silent for longest: whoever opens all of them keeps nobody out. */
function boundConnections(server: Server): void {
  const bySilence = new Set<Socket>()
  const hear = (socket: Socket) => {
    bySilence.delete(socket)
    bySilence.add(socket)
  }
  server.on('connection', (socket) => {
    hear(socket)
    socket.once('close', () => bySilence.delete(socket))
    const [longest] = bySilence
    if (bySilence.size > most) longest?.destroy()
  })
  server.on('request', ({ socket }) => hear(socket))
}

function serve(
  { answer, allow = () => true }: HttpServerWanted,
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method = '', url = '', headers } = request
  // What has a body is no question of ours; it is not read, and its connection ends.
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  if (hasBody || !server.listening) response.setHeader('connection', 'close')
  const { status, headers: set, text } = answerTo({ method, url, headers }, answer, allow)
  if (status !== 304) response.setHeader('content-length', Buffer.byteLength(text))
  response.writeHead(status, set)
  response.end(method === 'HEAD' || status === 304 ? undefined : text)
}

function answerTo(
  { method, url, headers }: { method: string; url: string; headers: IncomingMessage['headers'] },
  answer: HttpServerWanted['answer'],
  allow: () => boolean,
): ServedAnswer {
  const isRead = method === 'GET' || method === 'HEAD'
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
  const answered = isRead ? answer(url.replace(/[?#].*/s, ''), texts) : undefined
  if (answered !== undefined) return answered
  if (!allow()) return plain(429, 'too many requests', { 'retry-after': '1' })
  return isRead ? plain(404, 'not found') : plain(405, 'GET and HEAD only', { allow: 'GET, HEAD' })
}

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): ServedAnswer => ({
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
      seen: `${host ?? '*'}:${port} cannot be listened at: ${systemErrorCode(error) ?? 'no reason given'}`,
      expected: 'an address of this machine, and a port that is free',
      hint: 'choose another, or end what listens there',
      cause: error,
    })
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

async function close(server: Server, longestMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const over = setTimeout(() => server.closeAllConnections(), longestMs)
  await closed
  clearTimeout(over)
}

// A bound on how often something is done: so many a second, and bursts of them. A token bucket.

/** A function that says, each time it is asked, whether once more is within the bound. */
export function allowRate({
  perSecond,
  burst,
  now,
}: {
  perSecond: number
  burst: number
  now: () => Date
}): () => boolean {
  let left = burst
  let filledAt = now().getTime()
  return () => {
    const at = now().getTime()
    left = Math.min(burst, left + (Math.max(0, at - filledAt) / 1000) * perSecond)
    filledAt = at
    if (left < 1) return false
    left -= 1
    return true
  }
}
