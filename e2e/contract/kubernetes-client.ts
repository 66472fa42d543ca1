/** The HTTP client of the contract: one HTTP/1.1 request at a time, complete responses, watches line by line. */
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

export interface ApiServerAddress {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  /** PEM of the CA of its certificate. */
  readonly ca: string
}

export interface ApiRequest {
  readonly method?: string
  /** With the query. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly userAgent?: string
  /** A bearer token; '' for an anonymous request. */
  readonly token: string
}

/** The fields of an object, a list or a Status that the cases use. */
export interface ApiObject {
  readonly kind?: string
  readonly apiVersion?: string
  readonly type?: string
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly details?: {
    readonly name?: string
    readonly group?: string
    readonly kind?: string
    readonly retryAfterSeconds?: number
    readonly causes?: readonly Cause[]
  }
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
    readonly continue?: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
    readonly managedFields?: readonly ManagedFields[]
  }
  readonly data?: Record<string, string>
  readonly items?: readonly ApiObject[]
  readonly imagePullSecrets?: readonly { readonly name: string }[]
  readonly spec?: { readonly audiences?: readonly string[]; readonly expirationSeconds?: number }
  readonly status?: string | { readonly phase?: string; readonly token?: string; readonly expirationTimestamp?: string }
}

interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

interface ManagedFields {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly fieldsV1: object
  readonly subresource?: string
}

export interface ApiResponse {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The body as JSON; {} if it is not JSON. */
  readonly object: ApiObject
}

export interface WatchEvent {
  readonly type: string
  readonly object: ApiObject
}

export async function requestApi(server: ApiServerAddress, apiRequest: ApiRequest): Promise<ApiResponse> {
  const response = await open(server, apiRequest)
  const body = await text(response)
  return { status: response.statusCode ?? 0, headers: response.headers, text: body, object: parseObject(body) }
}

/** Events as they arrive, until the server or the signal ends the watch. */
export async function* watchApi(
  server: ApiServerAddress,
  apiRequest: ApiRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const response = await open(server, apiRequest, signal)
  const lines = createInterface({ input: response })
  try {
    for await (const line of lines) yield JSON.parse(line)
  } catch (fault) {
    if (!signal.aborted) throw fault
  } finally {
    response.destroy()
  }
}

function open({ url, ca }: ApiServerAddress, apiRequest: ApiRequest, signal?: AbortSignal): Promise<IncomingMessage> {
  const { method = 'GET', path, body, contentType = 'application/json', accept, userAgent, token } = apiRequest
  const sentBody = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const options: RequestOptions = {
    method,
    ca,
    ...(signal && { signal }),
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(accept !== undefined && { accept }),
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
      ...(sentBody !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(sentBody) }),
    },
  }
  return new Promise((resolve, reject) => {
    request(new URL(path, url), options, resolve).on('error', reject).end(sentBody)
  })
}

function parseObject(body: string): ApiObject {
  try {
    return JSON.parse(body)
  } catch {
    return {} // plain text, or the empty response to HEAD
  }
}
