/** The HTTP of AWS's library, over the run's own transport: for S3, and for the token service behind its credentials. */
import { Readable } from 'node:stream'
import { requestForLibrary } from '../../../http/library-transport.ts'
import type { TargetContext } from '../../store.ts'

/** The used parts of a library's request and response. */
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

interface AwsResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

export interface AwsRequestHandler {
  handle(request: AwsRequest, options?: { abortSignal?: unknown }): Promise<{ response: AwsResponse }>
  readonly metadata: { readonly handlerProtocol: string }
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
  destroy(): void
}

export function awsRequestHandler(context: TargetContext): AwsRequestHandler {
  return {
    async handle(request, { abortSignal } = {}) {
      const { method, headers: sent, body: content } = request
      const { status, headers, body } = await requestForLibrary(context, {
        hop: 'publish',
        service: 'AWS',
        method,
        url: urlOf(request),
        headers: sent,
        body: content,
        ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
      })
      return { response: { statusCode: status, headers: { ...headers }, body: Readable.from([Buffer.from(body)]) } }
    },
    metadata: { handlerProtocol: 'http/1.1' },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  }
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
