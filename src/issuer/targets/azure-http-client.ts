/**
 * The HTTP of Azure's libraries, over the run's own transport: for blobs, which speak its older form, and for the tokens
 * behind them.
 */
import { Readable } from 'node:stream'
import type { HttpClient, PipelineRequest } from '@azure/core-rest-pipeline'
import type { HttpHeaders, IHttpClient } from '@azure/storage-blob'
import { askForLibrary } from '../../outside/ask-for-library.ts'
import type { HttpAnswer, HttpMethod } from '../../outside/transport.ts'
import type { TargetOutside } from './target-outside.ts'

export interface AzureHttpClients {
  readonly tokens: HttpClient
  readonly blobs: IHttpClient
}

interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: unknown
  readonly timeout: number
  readonly abortSignal?: unknown
}

export function azureHttpClients(
  { createHttpHeaders }: typeof import('@azure/core-rest-pipeline'),
  outside: TargetOutside,
): AzureHttpClients {
  return {
    tokens: {
      async sendRequest(request) {
        const answer = await send(outside, { ...partsOf(request), headers: request.headers.toJSON() })
        const headers = createHttpHeaders(Object.fromEntries(given(answer)))
        return { request, status: answer.status, headers, ...bodyFor(request, answer) }
      },
    },
    blobs: {
      async sendRequest(request) {
        const answer = await send(outside, { ...partsOf(request), headers: request.headers.toJson() })
        return {
          request,
          status: answer.status,
          headers: headersLike(request.headers, answer),
          ...bodyFor(request, answer),
        }
      },
    },
  }
}

const partsOf = ({ url, method, body, timeout, abortSignal }: Omit<Sent, 'headers'>) => ({
  url,
  method,
  body,
  timeout,
  abortSignal,
})

function send(outside: TargetOutside, { url, method, body: sent, timeout, abortSignal, headers }: Sent) {
  const body = textOf(sent)
  return askForLibrary(outside, {
    hop: 'publish',
    who: 'Azure',
    method: methodOf(method),
    url,
    headers,
    ...(body !== undefined && { body }),
    ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
    ...(timeout > 0 && { timeoutMs: timeout }),
  })
}

const given = ({ headers }: HttpAnswer): [name: string, value: string][] =>
  Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))

/** The older form's headers are made by nobody but itself: a copy of the request's is emptied and filled. */
function headersLike(form: HttpHeaders, answer: HttpAnswer): HttpHeaders {
  const headers = form.clone()
  for (const name of headers.headerNames()) headers.remove(name)
  for (const [name, value] of given(answer)) headers.set(name, value)
  return headers
}

/** A library names the states of which it reads the body as a stream. */
function bodyFor(
  { streamResponseStatusCodes: streamed }: Pick<PipelineRequest, 'streamResponseStatusCodes'>,
  { status, body }: HttpAnswer,
): { bodyAsText: string } | { readableStreamBody: Readable } {
  const asStream = streamed?.has(status) || streamed?.has(Number.POSITIVE_INFINITY)
  return asStream ? { readableStreamBody: Readable.from([Buffer.from(body)]) } : { bodyAsText: body }
}

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT']

function methodOf(method: string): HttpMethod {
  const known = methods.find((one) => one === method)
  if (known === undefined) throw new TypeError(`pullpass has no need of ${method}`)
  return known
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  throw new TypeError("Azure's libraries were given text alone")
}
