/** One HTTP request and its answer as data: what `send` needs of a network, and what a test can replace. */

import type { Hop } from '../errors/pullpass-error.ts'

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** An answer with a longer body fails with AnswerTooLarge. Bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** For a terminal, while no answer has come: who is asked, and at which hop. */
  readonly asked?: { readonly hop: Hop; readonly who: string }
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/**
 * Never follows a redirect. Settles no later than the request's signal, whatever the other side does. Rejects with the
 * system's own error or one of those below; `transportFault` puts it into words.
 */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer>

export class AnswerTooLarge extends Error {
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`)
    this.name = 'AnswerTooLarge'
    this.maxBytes = maxBytes
  }
}

/** The connection ended before the answer did. */
export class CutShort extends Error {
  constructor() {
    super('the connection ended before the answer did')
    this.name = 'CutShort'
  }
}

/** Interim (1xx) answers to one request: a server sends one or two, and each resets an idle timeout. RFC 9110 §15.2 */
export const mostInterimAnswers = 32

/** What came is no answer to an HTTP request; the message is a predicate: `answered 101, a switch …`. */
export class AnswerUnusable extends Error {
  constructor(predicate: string) {
    super(predicate)
    this.name = 'AnswerUnusable'
  }
}

/** A proxy opened no tunnel; the message is a predicate: `answered 407`. */
export class ProxyFailed extends Error {
  /** `source`: what names it, `HTTPS_PROXY`. */
  readonly proxy: { readonly host: string; readonly port: number; readonly source: string }
  /** `HOST:PORT`. */
  readonly target: string
  /** The proxy's own refusal. */
  readonly status: number | undefined

  constructor(failed: Pick<ProxyFailed, 'proxy' | 'target'> & { why: string; status: number | undefined }) {
    super(failed.why)
    this.name = 'ProxyFailed'
    this.proxy = failed.proxy
    this.target = failed.target
    this.status = failed.status
  }
}
