/** Requests to the API server side by side over one HTTP/2 connection (RFC 9113), each on a stream of its own. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { AnswerTooLarge } from '../outside/transport.ts'
import { type Answer, CutShort, type Line, type Message, Overdue, Stalled } from './line.ts'
import { watchSilence } from './watch-silence.ts'

/** A page of a list comes without waiting for window updates (RFC 9113 §6.9). */
const windowBytes = 4 * 1024 * 1024
/** A busy API server answers a PING sooner than anything else. */
const longestQuietMs = 2_000

export function openHttp2Line(socket: TLSSocket, server: URL, timeoutMs: number): Line {
  const session = connect(server.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
  })
  session.once('connect', () => session.setLocalWindowSize(windowBytes))
  session.on('error', () => {}) // every stream that it ends tells its own request
  const watch = watchSilence(session, socket, Math.min(longestQuietMs, timeoutMs))
  return {
    send: (message) => watch.during(() => sendStream(session, message, timeoutMs)),
    state: () => (session.destroyed ? 'ended' : session.closed ? 'draining' : 'usable'),
    destroy: () => session.destroy(),
  }
}

async function sendStream(session: ClientHttp2Session, message: Message, timeoutMs: number): Promise<Answer> {
  const { body, longestMs } = message
  const stream = session.request(
    { ':method': message.method, ':path': message.path, ...message.headers },
    { endStream: body === undefined },
  )
  stream.setTimeout(timeoutMs, () => stream.destroy(new Stalled(timeoutMs)))
  const over = setTimeout(() => stream.destroy(new Overdue(longestMs)), longestMs)
  if (body !== undefined) stream.end(body)
  try {
    return await receive(stream, message.maxAnswerBytes)
  } finally {
    clearTimeout(over)
  }
}

function receive(stream: ClientHttp2Stream, maxBytes: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let bytes = 0
    let head: Pick<Answer, 'status' | 'retryAfter'> | undefined
    let announced: string | undefined
    let answered = false
    stream.once('response', (headers) => {
      head = { status: headers[':status'] ?? 0, retryAfter: headers['retry-after'] }
      announced = headers['content-length']
    })
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > maxBytes) stream.destroy(new AnswerTooLarge(maxBytes))
      else pieces.push(piece)
    })
    stream.once('end', () => {
      // A stream that was reset, or whose connection is gone, ends too, even without an error (RFC 9113 §8.1). Length
      // tells where it was announced; else the stream must have been open still, or its connection alive.
      const whole =
        announced === undefined ? !stream.closed || stream.session?.destroyed === false : bytes === Number(announced)
      answered = head !== undefined && whole && stream.rstCode === constants.NGHTTP2_NO_ERROR
      if (head && answered) resolve({ ...head, body: textOf(pieces) })
    })
    stream.once('error', reject)
    stream.once('close', () => {
      if (!answered) reject(new CutShort()) // an error that came before has told more
    })
  })
}

const textOf = (pieces: Buffer[]) =>
  pieces.length === 1 && pieces[0] ? pieces[0].toString('utf8') : Buffer.concat(pieces).toString('utf8')
