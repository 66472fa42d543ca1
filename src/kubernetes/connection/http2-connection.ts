/** Concurrent requests to the API server over one HTTP/2 connection (RFC 9113), each on its own stream. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { limitInterimResponses, type ResponseBody } from '../../http/response-body.ts'
import { ConnectionClosed } from '../../http/transport.ts'
import {
  type Connection,
  ConnectionStalled,
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
  type Receive,
  ResponseOverdue,
  receiveStream,
  receiveWhole,
} from './connection.ts'

/** A page of a list arrives without waiting for window updates (RFC 9113 §6.9). */
const windowBytes = 4 * 1024 * 1024
/** A busy API server responds to a PING before other requests. */
const maxQuietMs = 2_000
/** A watch is quiet for most of its time: it is checked less often. */
const maxQuietStreamMs = 10_000

export function openHttp2Connection(socket: TLSSocket, server: URL, idleTimeoutMs: number): Connection {
  const session = connect(server.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
  })
  session.once('connect', () => {
    // A session that was destroyed right after it was opened emits this event as well.
    if (!session.destroyed) session.setLocalWindowSize(windowBytes)
  })
  session.on('error', () => {}) // each stream that it ends has the error
  const requests = watchSilence(session, socket, Math.min(maxQuietMs, idleTimeoutMs))
  const streams = watchSilence(session, socket, Math.min(maxQuietStreamMs, idleTimeoutMs))
  return {
    send: ({ timeoutMs, maxResponseBytes, ...request }) =>
      requests.during(async () => {
        const exchange = openExchange(session, { ...request, idleTimeoutMs }, () => receiveWhole(maxResponseBytes))
        const timer = setTimeout(() => exchange.abort(new ResponseOverdue(timeoutMs)), timeoutMs)
        return await exchange.result.finally(() => clearTimeout(timer))
      }),
    async stream({ timeoutMs, maxLineBytes, signal, ...request }) {
      const receive: Receive<HttpStream | HttpResponse> = (allowSilence) =>
        receiveStream(maxLineBytes, () => clearTimeout(timer), allowSilence)
      const exchange = openExchange(session, { ...request, method: 'GET', body: undefined }, receive)
      const timer = setTimeout(() => exchange.abort(new ResponseOverdue(timeoutMs)), timeoutMs)
      const stop = () => exchange.abort(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      void streams.during(async () => {
        await exchange.closed
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
      })
      return await exchange.result
    },
    state: () => (session.destroyed ? 'ended' : session.closed ? 'draining' : 'usable'),
    destroy: () => session.destroy(),
  }
}

interface Http2Exchange<T> {
  readonly result: Promise<T>
  /** Resolves when the stream is over, the reading of its response included. */
  readonly closed: Promise<void>
  readonly abort: (reason: Error) => void
}

function openExchange<T>(
  session: ClientHttp2Session,
  request: Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body'> & { readonly idleTimeoutMs: number },
  receive: Receive<T>,
): Http2Exchange<T> {
  const { body, idleTimeoutMs } = request
  const stream = session.request(
    { ':method': request.method, ':path': request.path, ...request.headers },
    { endStream: body === undefined },
  )
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const closed = Promise.withResolvers<void>()
  // The promise is rejected as well: what a destroyed stream emits depends on the state of its connection.
  const abort = (reason: Error) => {
    reject(reason)
    stream.destroy(reason)
  }
  let idleMs = idleTimeoutMs
  stream.setTimeout(idleMs, () => abort(new ConnectionStalled(idleMs)))
  const receiveResponse = receive((ms) => {
    idleMs = ms
    stream.setTimeout(ms)
  })
  stream.on('headers', limitInterimResponses(abort))
  // From the response on, its receiver has the errors: what it returns is known only after the events of one tick, `end` and
  // `close` among them.
  let isReceived = false
  const fail = (reason: Error) => {
    if (!isReceived) reject(reason)
  }
  stream.once('response', (headers) => {
    isReceived = true
    const { 'retry-after': retryAfter, date } = headers
    const head = { status: headers[':status'] ?? 0, headers: { 'retry-after': retryAfter, date } }
    receiveResponse(head, bodyOf(stream, headers['content-length'], abort)).then(resolve, reject)
  })
  stream.once('error', fail)
  stream.once('close', () => {
    if (!isReceived) reject(new ConnectionClosed())
    closed.resolve()
  })
  if (body !== undefined) stream.end(body)
  const result = promise.finally(() => {
    // A response can arrive before the request was read, whose rest would occupy a stream forever.
    if (body !== undefined && !stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
  })
  return { result, closed: closed.promise, abort }
}

/**
 * A stream that was reset, or whose connection is gone, ends too, even without an error (RFC 9113 §8.1). A content-length,
 * if there is one, decides; otherwise the stream must have been open still, or its connection usable.
 */
function bodyOf(stream: ClientHttp2Stream, length: string | undefined, abort: ResponseBody['abort']): ResponseBody {
  let endedOpen = false
  stream.once('end', () => {
    endedOpen = !stream.closed || stream.session?.destroyed === false
  })
  const isWhole = (bytes: number) => (length === undefined ? endedOpen : bytes === Number(length))
  return { stream, isComplete: (bytes) => isWhole(bytes) && stream.rstCode === constants.NGHTTP2_NO_ERROR, abort }
}

/**
 * Detects an HTTP/2 connection that was lost without notice, by PING (RFC 9113 §6.7).
 * After a write to a reset connection, Node's TLS waits for that write forever and reads nothing (node 24.21): no event reports
 * it, and nothing keeps the process alive. The timer does both while a request waits.
 */
export interface SilenceWatch {
  /** Watches the connection while `request` runs. */
  during<T>(request: () => Promise<T>): Promise<T>
}

/**
 * After `quietMs` without a byte, a PING is sent; after another `quietMs` without a reply the session is destroyed. So it is if a
 * request is overdue before: otherwise requests with a shorter time limit, one after the other, would fail on it forever.
 * @internal
 */
export function watchSilence(session: ClientHttp2Session, socket: TLSSocket, quietMs: number): SilenceWatch {
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let readBefore = 0
  let isPinged = false
  const isSilent = () => socket.bytesRead === readBefore
  const endIfLost = () => {
    if (isSilent() && isPinged) session.destroy(new ConnectionStalled(2 * quietMs))
  }
  const check = () => {
    endIfLost()
    isPinged = isSilent()
    readBefore = socket.bytesRead
    if (isPinged && !session.destroyed) session.ping(() => {}) // its reply counts in bytesRead
  }
  return {
    async during(request) {
      if (++waiting === 1) {
        readBefore = socket.bytesRead
        isPinged = false
        timer = setInterval(check, quietMs)
      }
      try {
        return await request()
      } catch (error) {
        if (error instanceof ResponseOverdue) endIfLost()
        throw error
      } finally {
        if (--waiting === 0) clearInterval(timer)
      }
    },
  }
}
