/**
 * One HTTP/1.1 exchange on a client request (RFC 9110, RFC 9112). The promise settles exactly once and no later than its
 * signal, whatever the peer does: a 101, a flood of 1xx responses, a close without an end, a tunnel that is never made.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { AnswerTooLarge, AnswerUnusable, CutShort, type HttpAnswer } from './transport.ts'

export interface Http1Exchange {
  readonly body?: string | undefined
  readonly maxBytes: number
  /** Ends the exchange: its reason is what the promise rejects with. */
  readonly signal: AbortSignal
}

/** A server sends one or two (RFC 8297); each resets the socket's idle timeout. */
const mostInterimAnswers = 32

/** Rejects with the system's own error, AnswerTooLarge, AnswerUnusable, CutShort, or the signal's reason. */
export async function exchangeHttp1(
  sent: ClientRequest,
  { body, maxBytes, signal }: Http1Exchange,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  // Destroying a request that has no socket yet (a proxy's tunnel is being made) emits nothing: reject as well.
  const end = (reason: unknown) => {
    reject(reason)
    sent.destroy()
  }
  const stop = () => end(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  let interim = 0
  sent.on('information', () => {
    if (++interim > mostInterimAnswers) end(new AnswerUnusable(`sent more than ${mostInterimAnswers} interim answers`))
  })
  let answered = false
  const switched = (status: number | undefined) =>
    end(new AnswerUnusable(`answered ${status}, a switch to a protocol that was not asked for`))
  sent.once('response', (answer) => {
    answered = true
    if (answer.statusCode === 101)
      switched(101) // without an Upgrade header Node takes it for a final response
    else collect(answer, { maxBytes, resolve, reject, end })
  })
  for (const event of ['upgrade', 'connect'] as const) {
    sent.once(event, ({ statusCode }, socket) => {
      socket.destroy()
      switched(statusCode)
    })
  }
  sent.on('error', reject)
  // A request may close before the last of its answer was read; whatever fails tells more, and earlier.
  sent.once('close', () => !answered && reject(new CutShort()))
  try {
    if (signal.aborted) stop()
    else sent.end(body)
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    // An answer may come before the request was read: the connection would wait for that for ever.
    if (!sent.writableFinished) sent.destroy()
  }
}

interface Collecting {
  readonly maxBytes: number
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (reason: unknown) => void
  /** Rejects, and destroys the connection. */
  readonly end: (reason: unknown) => void
}

/** By events: to iterate over a stream loads another 3 ms of modules. */
function collect(answer: IncomingMessage, { maxBytes, resolve, reject, end }: Collecting): void {
  const pieces: Buffer[] = []
  let bytes = 0
  answer.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) end(new AnswerTooLarge(maxBytes))
    else pieces.push(piece)
  })
  answer.once('error', end)
  answer.once('end', () => {
    if (answer.complete) resolve({ ...headOf(answer), body: Buffer.concat(pieces).toString('utf8') })
  })
  answer.once('close', () => reject(new CutShort())) // no effect after a whole answer
}

const headOf = ({ statusCode, headers }: IncomingMessage) => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
})
