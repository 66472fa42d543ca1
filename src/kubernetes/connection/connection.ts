/** One way to the API server, by whichever protocol it offers: it sends a request once, and knows nothing of retries. */

export interface Connection {
  /**
   * Settles within the message's `timeoutMs`, whatever the server does. Rejects with the system's own error,
   * ResponseTooLarge, ResponseInvalid, Stalled, Overdue, Untrusted or ConnectionClosed.
   */
  send(message: HttpRequest): Promise<HttpResponse>
  /** `draining`: no further request is taken, after a GOAWAY; those under way are still answered. */
  state(): 'usable' | 'draining' | 'ended'
  /** Ends the connection, and with it the requests that wait for an answer. */
  destroy(): void
}

export interface HttpRequest {
  readonly method: string
  /** With the server's own path before it. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
  readonly maxResponseBytes: number
  /** From the sending to the answer's end: a byte now and then is no progress. */
  readonly timeoutMs: number
}

export interface HttpResponse {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

/** Nothing came for so long that the other side, or the way to it, counts as gone. */
export class ConnectionStalled extends Error {
  constructor(ms: number) {
    super(`nothing came for ${ms / 1000} s`)
    this.name = 'Stalled'
  }
}

/** The answer came, but did not end. */
export class ResponseOverdue extends Error {
  constructor(ms: number) {
    super(`the answer did not end within ${ms / 1000} s`)
    this.name = 'Overdue'
  }
}

/** The server's certificate is not one that the client trusts; the cause says why. */
export class Untrusted extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause })
    this.name = 'Untrusted'
  }
}

/** The line in use, opened when it is needed and replaced when it is gone; what still drains on an older one is not lost. */
export interface ReusedConnection {
  /** Whoever asks while a line is being opened waits for that one. */
  current(): Promise<Connection>
  /** Ends every line, and the requests on them; one that is being opened is given up. */
  end(): Promise<void>
}

interface OpenedLine {
  readonly opening: Promise<Connection>
  line?: Connection
}

export function reuseConnection(open: (ended: AbortSignal) => Promise<Connection>): ReusedConnection {
  const ended = new AbortController()
  let kept: OpenedLine | undefined
  let draining: Connection[] = []
  return {
    async current() {
      if (kept?.line && kept.line.state() !== 'usable') {
        draining = [...draining, kept.line].filter((line) => line.state() !== 'ended')
        kept = undefined
      }
      if (kept) return await kept.opening
      const fresh: OpenedLine = { opening: open(ended.signal) }
      kept = fresh
      try {
        fresh.line = await fresh.opening
      } catch (error) {
        if (kept === fresh) kept = undefined
        throw error
      }
      return fresh.line
    },
    async end() {
      ended.abort()
      for (const line of draining) line.destroy()
      const line = await kept?.opening.catch(() => undefined) // whoever waits for it is told
      line?.destroy()
    },
  }
}
