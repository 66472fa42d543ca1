/** One HTTP request and its answer as data: what `send` needs of a network, and what a test can replace. */

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** An answer with a longer body fails with AnswerTooLarge. Bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** Never follows a redirect. Rejects with the system's own error, or AnswerTooLarge; `send` puts it into words. */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer>

export class AnswerTooLarge extends Error {
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`)
    this.name = 'AnswerTooLarge'
    this.maxBytes = maxBytes
  }
}
