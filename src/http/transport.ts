/** One HTTP request and response as data: what `send` needs from the network, and what a test can replace. */

import type { Hop } from '../errors/pullpass-error.ts'

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** A longer response body fails with ResponseTooLarge. Bytes. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** `public`: a private, loopback or link-local address fails with AddressPrivate. Absent: any address. */
  readonly addresses?: 'public'
  /** Shown on a terminal while waiting: the service and the hop. */
  readonly purpose?: { readonly hop: Hop; readonly service: string }
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** RFC 9110 §5.6.7; undefined if it is absent, or no date. */
export function parseHttpDate(header: string | undefined): Date | undefined {
  const ms = Date.parse(header ?? '')
  return Number.isNaN(ms) ? undefined : new Date(ms)
}

/**
 * Never follows a redirect. Settles no later than the request's signal, whatever the server does. Rejects with a system error
 * or one of those below; `transportError` converts it.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

export class ResponseTooLarge extends Error {
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the response is longer than ${maxBytes} bytes`)
    this.name = 'ResponseTooLarge'
    this.maxBytes = maxBytes
  }
}

/** The name of the server leads to no public address, to which the request is restricted. */
export class AddressPrivate extends Error {
  readonly addresses: readonly string[]

  constructor(addresses: readonly string[]) {
    super(`the address is not public: ${addresses.join(', ')}`)
    this.name = 'AddressPrivate'
    this.addresses = addresses
  }
}

/** The connection ended before the response was complete. */
export class ConnectionClosed extends Error {
  constructor() {
    super('the connection ended before the response was complete')
    this.name = 'ConnectionClosed'
  }
}

/** Interim (1xx) responses to one request: a server sends one or two, and each resets an idle timeout. RFC 9110 §15.2 */
export const maxInterimResponses = 32

/** Not a valid response to the request; the message is a predicate: `responded with 101, a switch …`. */
export class ResponseInvalid extends Error {
  constructor(predicate: string) {
    super(predicate)
    this.name = 'ResponseInvalid'
  }
}

/** A proxy did not open a tunnel; the message is a predicate: `responded with 407`. */
export class ProxyFailed extends Error {
  /** `source`: where it is configured, `HTTPS_PROXY`. */
  readonly proxy: { readonly host: string; readonly port: number; readonly source: string }
  /** `HOST:PORT`. */
  readonly target: string
  /** The proxy's response. */
  readonly status: number | undefined

  constructor(failed: Pick<ProxyFailed, 'proxy' | 'target'> & { why: string; status: number | undefined }) {
    super(failed.why)
    this.name = 'ProxyFailed'
    this.proxy = failed.proxy
    this.target = failed.target
    this.status = failed.status
  }
}
