/** One way to the API server, by whichever protocol it offers: it sends a request once, and knows nothing of retries. */

export interface Line {
  /**
   * Settles within the message's `longestMs`, whatever the server does. Rejects with the system's own error,
   * AnswerTooLarge, AnswerUnusable, Stalled, Overdue, Untrusted or CutShort.
   */
  send(message: Message): Promise<Answer>
  /** `draining`: no further request is taken, after a GOAWAY; those under way are still answered. */
  state(): 'usable' | 'draining' | 'ended'
  /** Ends the connection, and with it the requests that wait for an answer. */
  destroy(): void
}

export interface Message {
  readonly method: string
  /** With the server's own path before it. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string | undefined
  readonly maxAnswerBytes: number
  /** From the sending to the answer's end: a byte now and then is no progress. */
  readonly longestMs: number
}

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

/** Nothing came for so long that the other side, or the way to it, counts as gone. */
export class Stalled extends Error {
  constructor(ms: number) {
    super(`nothing came for ${ms / 1000} s`)
    this.name = 'Stalled'
  }
}

/** The answer came, but did not end. */
export class Overdue extends Error {
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
