/** Requests to the API server side by side over one HTTP/2 connection (RFC 9113), each on a stream of its own. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { ConnectionClosed, maxInterimResponses, ResponseInvalid, ResponseTooLarge } from '../../http/transport.ts'
import {
  type Connection,
  ConnectionStalled,
  type HttpRequest,
  type HttpResponse,
  ResponseOverdue,
} from './connection.ts'

/** A page of a list comes without waiting for window updates (RFC 9113 §6.9). */
const windowBytes = 4 * 1024 * 1024
/** A busy API server answers a PING sooner than anything else. */
const longestQuietMs = 2_000

export function openHttp2Connection(socket: TLSSocket, server: URL, idleTimeoutMs: number): Connection {
  const session = connect(server.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
  })
  session.once('connect', () => session.setLocalWindowSize(windowBytes))
  session.on('error', () => {}) // every stream that it ends tells its own request
  const watch = watchSilence(session, socket, Math.min(longestQuietMs, idleTimeoutMs))
  return {
    send: (message) => watch.during(() => sendStream(session, message, idleTimeoutMs)),
    state: () => (session.destroyed ? 'ended' : session.closed ? 'draining' : 'usable'),
    destroy: () => session.destroy(),
  }
}

async function sendStream(
  session: ClientHttp2Session,
  message: HttpRequest,
  idleTimeoutMs: number,
): Promise<HttpResponse> {
  const { body, timeoutMs, maxResponseBytes } = message
  const stream = session.request(
    { ':method': message.method, ':path': message.path, ...message.headers },
    { endStream: body === undefined },
  )
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>()
  // The promise is rejected as well: what a destroyed stream emits depends on the state of its connection.
  const end = (reason: Error) => {
    reject(reason)
    stream.destroy(reason)
  }
  stream.setTimeout(idleTimeoutMs, () => end(new ConnectionStalled(idleTimeoutMs)))
  const over = setTimeout(() => end(new ResponseOverdue(timeoutMs)), timeoutMs)
  let interim = 0
  stream.on('headers', () => {
    if (++interim > maxInterimResponses)
      end(new ResponseInvalid(`sent more than ${maxInterimResponses} interim answers`))
  })
  receive(stream, { maxBytes: maxResponseBytes, resolve, reject, end })
  if (body !== undefined) stream.end(body)
  try {
    return await promise
  } finally {
    clearTimeout(over)
    // An answer may come before the request was read, whose rest would then occupy a stream for ever.
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL)
  }
}

interface Receiving {
  readonly maxBytes: number
  readonly resolve: (answer: HttpResponse) => void
  readonly reject: (reason: unknown) => void
  /** Rejects, and ends the stream. */
  readonly end: (reason: Error) => void
}

function receive(stream: ClientHttp2Stream, { maxBytes, resolve, reject, end }: Receiving): void {
  const pieces: Buffer[] = []
  let bytes = 0
  let head: Pick<HttpResponse, 'status' | 'retryAfter'> | undefined
  let announced: string | undefined
  stream.once('response', (headers) => {
    head = { status: headers[':status'] ?? 0, retryAfter: headers['retry-after'] }
    announced = headers['content-length']
  })
  stream.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) end(new ResponseTooLarge(maxBytes))
    else pieces.push(piece)
  })
  stream.once('end', () => {
    // A stream that was reset, or whose connection is gone, ends too, even without an error (RFC 9113 §8.1). Length
    // tells where it was announced; else the stream must have been open still, or its connection alive.
    const whole =
      announced === undefined ? !stream.closed || stream.session?.destroyed === false : bytes === Number(announced)
    if (head && whole && stream.rstCode === constants.NGHTTP2_NO_ERROR) resolve({ ...head, body: textOf(pieces) })
  })
  stream.once('error', reject)
  stream.once('close', () => reject(new ConnectionClosed())) // no effect after a whole answer, or an error that tells more
}

const textOf = (pieces: Buffer[]) =>
  pieces.length === 1 && pieces[0] ? pieces[0].toString('utf8') : Buffer.concat(pieces).toString('utf8')

/**
 * Notices an HTTP/2 connection that is gone without a word, by asking it (PING, RFC 9113 §6.7).
 * A write that meets a reset leaves Node's TLS waiting for that write for ever, its reading stopped (node 24.21): no
 * event tells, and nothing keeps the process alive. So the watch's own timer does, while a request waits.
 */
export interface SilenceWatch {
  /** Runs `request` under watch. */
  during<T>(request: () => Promise<T>): Promise<T>
}

/** After `quietMs` without a byte the other side is asked; after as long without an answer the session is destroyed. */
export function watchSilence(session: ClientHttp2Session, socket: TLSSocket, quietMs: number): SilenceWatch {
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let readBefore = -1
  let asked = false
  const look = () => {
    const silent = socket.bytesRead === readBefore
    readBefore = socket.bytesRead
    if (silent && asked) session.destroy(new ConnectionStalled(2 * quietMs))
    else if (silent && !session.destroyed) session.ping(() => {}) // its answer is a byte that was read
    asked = silent
  }
  return {
    async during(request) {
      if (++waiting === 1) {
        readBefore = -1
        asked = false
        timer = setInterval(look, quietMs)
      }
      try {
        return await request()
      } finally {
        if (--waiting === 0) clearInterval(timer)
      }
    },
  }
}
