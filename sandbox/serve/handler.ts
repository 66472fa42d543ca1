/** The shape of every part of the sandbox: a request is data, an answer is data, a handler turns one into the other. */

/** A request as a handler sees it: whole, decoded once, with nothing of the socket it came by. */
export interface SandboxRequest {
  readonly method: string
  /** Decoded path without the query, beginning with `/`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names; HTTP/2 pseudo headers are left out. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Common name of a client certificate that the part's own authority signed. */
  readonly clientName?: string
  /** Aborts when the client goes away or the part closes: a streamed answer ends then. */
  readonly signal: AbortSignal
}

/** An answer; an object body is sent as JSON, an async iterable piece by piece until it ends or the client leaves. */
export interface SandboxResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | object | AsyncIterable<string>
}

export type SandboxHandler = (request: SandboxRequest) => SandboxResponse | Promise<SandboxResponse>
