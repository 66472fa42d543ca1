/**
 * A small HTTP/1.1 server for what fits in memory: GET and HEAD, bounded in size, time, connections and rate, ended gracefully.
 * It speaks plain HTTP: a proxy, an Ingress or a probe stands before it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { systemErrorCode } from '../../outside/system-error-code.ts'

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
  /** Whether one more request is answered, or asked to come back. */
  readonly allow: () => boolean
}

export interface HttpServer {
  readonly port: number
  /** Answers what is under way, for at most this long, and takes no more. */
  close(longestMs: number): Promise<void>
}

/** @throws USAGE_INVALID where the address cannot be listened at */
export async function openHttpServer(wanted: HttpServerWanted): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: 5_000,
      requestTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000, // longer than the proxies before it keep theirs: else they meet a connection that just ended
    },
    (request, response) => serve(wanted, server, request, response),
  )
  server.maxConnections = 1_000
  server.maxRequestsPerSocket = 10_000
  server.on('clientError', (_, socket) => socket.destroy()) // no HTTP, or too slow or large
  const port = await listen(server, wanted.listen)
  return { port, close: async (longestMs) => await close(server, longestMs) }
}

function serve(
  { answer, allow }: HttpServerWanted,
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
  allow: HttpServerWanted['allow'],
): ServedAnswer {
  if (!allow()) return plain(429, 'too many requests', { 'retry-after': '1' })
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET and HEAD only', { allow: 'GET, HEAD' })
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
  return answer(url.replace(/[?#].*/s, ''), texts) ?? plain(404, 'not found')
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
