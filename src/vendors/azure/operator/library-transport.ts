/**
 * HTTP clients for Azure's libraries that use the transport of the run: for blobs, which use an older interface, and for their
 * tokens.
 */
import { Readable } from 'node:stream'
import type { HttpClient, PipelineRequest } from '@azure/core-rest-pipeline'
import type { HttpHeaders, IHttpClient } from '@azure/storage-blob'
import type { Hop } from '../../../errors/pullpass-error.ts'
import { type LibraryResponse, requestForLibrary } from '../../../http/library-transport.ts'
import type { TargetContext } from '../../store.ts'

export interface AzureHttpClients {
  readonly tokens: HttpClient
  readonly blobs: IHttpClient
}

interface Sent {
  readonly hop: Hop
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: unknown
  readonly timeout: number
  readonly abortSignal?: unknown
}

export function azureHttpClients(
  { createHttpHeaders }: typeof import('@azure/core-rest-pipeline'),
  context: TargetContext,
  hop: Hop = 'publish',
): AzureHttpClients {
  return {
    tokens: {
      async sendRequest(request) {
        const response = await send(context, { ...partsOf(request), hop, headers: request.headers.toJSON() })
        const headers = createHttpHeaders({ ...response.headers })
        return { request, status: response.status, headers, ...bodyFor(request, response) }
      },
    },
    blobs: {
      async sendRequest(request) {
        const response = await send(context, { ...partsOf(request), hop, headers: request.headers.toJson() })
        return {
          request,
          status: response.status,
          headers: headersLike(request.headers, response),
          ...bodyFor(request, response),
        }
      },
    },
  }
}

const partsOf = ({ url, method, body, timeout, abortSignal }: Omit<Sent, 'headers' | 'hop'>) => ({
  url,
  method,
  body,
  timeout,
  abortSignal,
})

function send(context: TargetContext, { hop, url, method, body, timeout, abortSignal, headers }: Sent) {
  return requestForLibrary(context, {
    hop,
    service: 'Azure',
    method,
    url,
    headers,
    body,
    ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
    ...(timeout > 0 && { timeoutMs: timeout }),
  })
}

/** Only the older interface can construct its headers: a copy of the request's is cleared and filled. */
function headersLike(form: HttpHeaders, response: LibraryResponse): HttpHeaders {
  const headers = form.clone()
  for (const name of headers.headerNames()) headers.remove(name)
  for (const [name, value] of Object.entries(response.headers)) headers.set(name, value)
  return headers
}

/** A library names the states of which it reads the body as a stream. */
function bodyFor(
  { streamResponseStatusCodes: streamed }: Pick<PipelineRequest, 'streamResponseStatusCodes'>,
  { status, body }: LibraryResponse,
): { bodyAsText: string } | { readableStreamBody: Readable } {
  const asStream = streamed?.has(status) || streamed?.has(Number.POSITIVE_INFINITY)
  return asStream ? { readableStreamBody: Readable.from([Buffer.from(body)]) } : { bodyAsText: body }
}
