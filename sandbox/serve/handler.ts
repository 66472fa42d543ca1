/** The interface of every part of the sandbox: a handler takes a request and returns a response, both as data. */

/** A request as a handler gets it: complete, decoded once, independent of the socket. */
export interface SandboxRequest {
  readonly method: string
  /** Decoded path without the query; begins with `/`. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names; HTTP/2 pseudo headers are left out. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Common name of the client certificate, if the part's own authority signed it. */
  readonly clientName?: string
  /** Aborts when the client disconnects or the part closes: a streamed response then ends. */
  readonly signal: AbortSignal
}

/** A response. An object body is sent as JSON, an async iterable in chunks until it ends or the client disconnects. */
export interface SandboxResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | object | AsyncIterable<string>
}

export type SandboxHandler = (request: SandboxRequest) => SandboxResponse | Promise<SandboxResponse>
