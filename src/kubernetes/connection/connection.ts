/** A connection to the API server, over the HTTP version that it offers: it sends each request once, without retries. */
import { collectBody, type ReceiveResponse, type ResponseHead, readLines } from '../../http/response-body.ts'

export interface Connection {
  /**
   * Settles within the request's `timeoutMs`, whatever the server does. Rejects with a system error, ResponseTooLarge,
   * ResponseInvalid, ConnectionStalled, ResponseOverdue, Untrusted or ConnectionClosed.
   */
  send(request: HttpRequest): Promise<HttpResponse>
  /**
   * Settles with the response's head, or rejects as `send`. The lines end with the response, and throw as `send` rejects, with
   * ResponseTooLarge for a line that is too long, and with the signal's reason.
   */
  stream(request: HttpStreamRequest): Promise<HttpStream | HttpResponse>
  /** `draining`: after a GOAWAY no further request is accepted; those in flight still get their responses. */
  state(): 'usable' | 'draining' | 'ended'
  /** Ends the connection, and with it the requests and streams on it. */
  destroy(): void
}

export interface HttpRequest {
  readonly method: string
  /** With the server's own path as a prefix. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
  readonly maxResponseBytes: number
  /** From the sending to the end of the response: a byte now and then is not progress. */
  readonly timeoutMs: number
}

/** A GET request whose response is read line by line, for as long as the server sends it. */
export interface HttpStreamRequest {
  readonly path: string
  readonly headers: HttpRequest['headers']
  /** For the head, and for the whole response where the status is not 200. */
  readonly timeoutMs: number
  readonly maxLineBytes: number
  /** How long nothing may come before the stream counts as stalled. */
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal
}

/** The response of status 200. */
export interface HttpStream {
  readonly status: 200
  readonly retryAfter: undefined
  readonly date: string | undefined
  readonly lines: AsyncGenerator<string, void>
  /** From now on, this replaces the request's `idleTimeoutMs`. */
  readonly allowSilence: (ms: number) => void
  /** Ends it, whether or not it was read. */
  readonly close: () => void
}

export interface HttpResponse {
  readonly status: number
  readonly retryAfter: string | undefined
  /** By the clock of the server. */
  readonly date: string | undefined
  readonly body: string
}

/** Reads a whole response. */
export const receiveWhole =
  (maxResponseBytes: number): ReceiveResponse<HttpResponse> =>
  async (head, body) => ({ ...responseHeadOf(head), body: await collectBody(body, maxResponseBytes) })

/** Of a response of another status than 200. */
const maxErrorBytes = 1024 * 1024

/** Reads a response line by line. `onHead` is called when it begins. */
export const receiveStream =
  (
    maxLineBytes: number,
    onHead: () => void,
    allowSilence: HttpStream['allowSilence'],
  ): ReceiveResponse<HttpStream | HttpResponse> =>
  async (head, body) => {
    if (head.status !== 200) return await receiveWhole(maxErrorBytes)(head, body)
    onHead()
    const close = () => body.stream.destroy()
    const lines = readLines(body, maxLineBytes)
    return { status: 200, retryAfter: undefined, date: head.headers['date'], lines, allowSilence, close }
  }

/** How an exchange reads its response. `allowSilence`: changes how long nothing may come. */
export type Receive<T> = (allowSilence: HttpStream['allowSilence']) => ReceiveResponse<T>

const responseHeadOf = ({ status, headers }: ResponseHead) => ({
  status,
  retryAfter: headers['retry-after'],
  date: headers['date'],
})

/** Nothing was received for so long that the connection counts as lost. */
export class ConnectionStalled extends Error {
  constructor(ms: number) {
    super(`nothing was received for ${ms / 1000} s`)
    this.name = 'Stalled'
  }
}

/** The response began, but did not end. */
export class ResponseOverdue extends Error {
  constructor(ms: number) {
    super(`the response did not end within ${ms / 1000} s`)
    this.name = 'Overdue'
  }
}

/** The client does not trust the server's certificate; the cause is the TLS error. */
export class Untrusted extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'Untrusted'
  }
}

/** One connection, opened when it is needed and replaced when it is unusable; requests on a draining one are completed. */
export interface ReusedConnection {
  /** Concurrent callers share a connection that is being opened. */
  current(): Promise<Connection>
  /** Ends every connection and its requests, and cancels one that is being opened. */
  end(): Promise<void>
}

interface OpenedConnection {
  readonly opening: Promise<Connection>
  connection?: Connection
}

export function reuseConnection(open: (ended: AbortSignal) => Promise<Connection>): ReusedConnection {
  const ended = new AbortController()
  let kept: OpenedConnection | undefined
  let draining: Connection[] = []
  return {
    async current() {
      if (kept?.connection && kept.connection.state() !== 'usable') {
        draining = [...draining, kept.connection].filter((connection) => connection.state() !== 'ended')
        kept = undefined
      }
      if (kept) return await kept.opening
      const fresh: OpenedConnection = { opening: open(ended.signal) }
      kept = fresh
      try {
        fresh.connection = await fresh.opening
      } catch (error) {
        if (kept === fresh) kept = undefined
        throw error
      }
      return fresh.connection
    },
    async end() {
      ended.abort()
      for (const connection of draining) connection.destroy()
      const connection = await kept?.opening.catch(() => undefined) // the callers that wait for it receive the error
      connection?.destroy()
    },
  }
}
