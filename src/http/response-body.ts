/**
 * Reads response bodies with limits, whichever HTTP version delivers them: HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113) exchanges
 * differ in how a body is known to be complete, and share the rest.
 */
import type { Readable } from 'node:stream'
import { ConnectionClosed, maxInterimResponses, ResponseInvalid, ResponseTooLarge } from './transport.ts'

export interface ResponseHead {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface ResponseBody {
  readonly stream: Readable
  /** Whether these bytes are all of it, once the stream has ended: a connection that breaks can end it too. */
  readonly isComplete: (bytes: number) => boolean
  /** Ends the exchange; a pending read rejects with the reason. */
  readonly abort: (reason: Error) => void
}

/**
 * Called while the response event is delivered: what it attaches to the stream sees every event of it. Its result is that of the
 * exchange.
 */
export type ReceiveResponse<T> = (head: ResponseHead, body: ResponseBody) => Promise<T>

/** Counts interim (1xx) responses: a server could keep an exchange alive with them. */
export function limitInterimResponses(abort: (reason: Error) => void): () => void {
  let count = 0
  return () => {
    count += 1
    if (count > maxInterimResponses)
      abort(new ResponseInvalid(`sent more than ${maxInterimResponses} interim responses`))
  }
}

/** With events: iterating over a stream loads modules for another 3 ms. Rejects with ResponseTooLarge, ConnectionClosed, or a system error. */
export async function collectBody({ stream, isComplete, abort }: ResponseBody, maxBytes: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (reason: Error) => {
    reject(reason) // as well: what a destroyed stream emits depends on the state of its connection
    abort(reason)
  }
  const pieces: Buffer[] = []
  let bytes = 0
  stream.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) fail(new ResponseTooLarge(maxBytes))
    else pieces.push(piece)
  })
  stream.once('error', fail)
  let isWhole = false
  stream.once('end', () => {
    isWhole = isComplete(bytes)
    if (isWhole) resolve(textOf(pieces))
  })
  stream.once('close', () => {
    if (!isWhole) reject(new ConnectionClosed()) // no effect after another error
  })
  return await promise
}

const textOf = (pieces: readonly Buffer[]): string =>
  pieces.length === 1 && pieces[0] ? pieces[0].toString('utf8') : Buffer.concat(pieces).toString('utf8')

/**
 * The lines of a body as they arrive. A consumer that is slow slows the server down: nothing is buffered but what the stream's
 * window allows. Ends with the body; throws ResponseTooLarge for a line that is too long, ConnectionClosed, or a system error.
 */
export function readLines(body: ResponseBody, maxLineBytes: number): AsyncGenerator<string, void> {
  // The iteration throws it. Without a listener, an error before the first read would end the process.
  body.stream.on('error', () => undefined)
  return splitLines(body, maxLineBytes)
}

const newline = 0x0a

async function* splitLines({ stream, isComplete, abort }: ResponseBody, maxLineBytes: number) {
  let pieces: Buffer[] = []
  let bytes = 0
  let received = 0
  const add = (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxLineBytes) {
      const reason = new ResponseTooLarge(maxLineBytes)
      abort(reason)
      throw reason
    }
    pieces.push(piece)
  }
  const take = () => {
    const line = textOf(pieces)
    pieces = []
    bytes = 0
    return line
  }
  for await (const piece of stream as AsyncIterable<Buffer>) {
    received += piece.length
    let start = 0
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, start)) {
      add(piece.subarray(start, end))
      yield take()
      start = end + 1
    }
    if (start < piece.length) add(piece.subarray(start))
  }
  if (!isComplete(received)) throw new ConnectionClosed()
  if (bytes > 0) yield take()
}
