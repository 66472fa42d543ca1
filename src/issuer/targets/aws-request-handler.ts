/** The HTTP of AWS's library, over the run's own transport: for S3, and for the token service behind its credentials. */
import { Readable } from 'node:stream'
import { askForLibrary } from '../../outside/ask-for-library.ts'
import type { HttpMethod } from '../../outside/transport.ts'
import type { TargetOutside } from './target-outside.ts'

/** What a library's request and answer have that matters here. */
interface AwsRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, string | string[] | null>>
  readonly headers: Record<string, string>
  readonly body?: unknown
}

interface AwsAnswer {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

export interface AwsRequestHandler {
  handle(request: AwsRequest, options?: { abortSignal?: unknown }): Promise<{ response: AwsAnswer }>
  readonly metadata: { readonly handlerProtocol: string }
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
  destroy(): void
}

export function awsRequestHandler(outside: TargetOutside): AwsRequestHandler {
  return {
    async handle(request, { abortSignal } = {}) {
      const body = textOf(request.body)
      const {
        status,
        headers,
        body: text,
      } = await askForLibrary(outside, {
        hop: 'publish',
        who: 'AWS',
        method: methodOf(request.method),
        url: urlOf(request),
        headers: request.headers,
        ...(body !== undefined && { body }),
        ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
      })
      const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
      return {
        response: { statusCode: status, headers: Object.fromEntries(given), body: Readable.from([Buffer.from(text)]) },
      }
    },
    metadata: { handlerProtocol: 'http/1.1' },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  }
}

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT']

function methodOf(method: string): HttpMethod {
  const known = methods.find((one) => one === method)
  if (known === undefined) throw new TypeError(`pullpass has no need of ${method}`)
  return known
}

function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): string {
  const fields = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${escapeAll(name)}=${escapeAll(one)}`),
  )
  const search = fields.length === 0 ? '' : `?${fields.join('&')}`
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search}`
}

/** As the signature has them: https://www.rfc-editor.org/rfc/rfc3986#section-2.3 */
const escapeAll = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  throw new TypeError("AWS's library was given text alone")
}
