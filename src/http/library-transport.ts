/**
 * One request of a vendor's library over the run's transport, with its certificate authorities, proxy, deadline and limits. By
 * itself a library opens its own connections, trusts the process's authorities and follows redirects.
 */

import { type Hop, PullpassError } from '../errors/pullpass-error.ts'
import { Redacted } from '../text/redacted.ts'
import { transportError } from './request-errors.ts'
import { logRetry, retry } from './retry.ts'
import type { SendContext } from './send.ts'
import type { HttpMethod, HttpResponse } from './transport.ts'

export interface LibraryRequest {
  readonly hop: Hop
  /** The name of the service, for messages. */
  readonly service: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** A string, or UTF-8 bytes: the libraries type it as unknown. */
  readonly body?: unknown
  /** The library's signal. */
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

export interface LibraryResponse extends HttpResponse {
  readonly headers: Readonly<Record<string, string>>
}

const maxBytes = 1024 * 1024
const defaultTimeoutMs = 20_000
/** The library evaluates responses and retries them; it would not recognize our errors for a missing response. */
const attempts = 3

/** @throws PullpassError if there is no response, or a too large one; TypeError for a method that pullpass does not use */
export const requestForLibrary = async (context: SendContext, request: LibraryRequest): Promise<LibraryResponse> =>
  await retry(
    async () => await requestOnce(context, request),
    { attempts: request.timeoutMs === undefined ? attempts : 1, onWait: logRetry(context, request) },
    context,
  )

async function requestOnce(context: SendContext, request: LibraryRequest): Promise<LibraryResponse> {
  const { hop, service, url, headers, signal, timeoutMs = defaultTimeoutMs } = request
  const [method, body] = [methodOf(request), textOf(request)]
  context.secrets.add(...secretsIn(headers, body).map((value) => new Redacted(value)))
  const timeout = AbortSignal.timeout(timeoutMs)
  const ends = [timeout, context.signal, signal].filter((end) => end !== undefined)
  try {
    const message = { method, url, headers, ...(body !== undefined && { body }) }
    const response = await context.transport({
      ...message,
      purpose: { hop, service },
      maxBytes,
      signal: AbortSignal.any(ends),
    })
    return { ...response, headers: Object.fromEntries(Object.entries(response.headers).flatMap(definedHeader)) }
  } catch (error) {
    context.signal.throwIfAborted()
    signal?.throwIfAborted()
    if (error instanceof PullpassError) throw error // it is classified already
    const timedOut = timeout.aborted ? `did not respond within ${timeoutMs / 1000} s` : undefined
    throw transportError({ hop, service, url }, timedOut, error)
  }
}

const definedHeader = ([name, value]: [string, string | undefined]): [name: string, value: string][] =>
  value === undefined ? [] : [[name, value]]

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT']

function methodOf({ service, method }: LibraryRequest): HttpMethod {
  const known = methods.find((one) => one === method)
  if (known === undefined) throw new TypeError(`pullpass does not use ${method} at ${service}`)
  return known
}

function textOf({ service, body }: LibraryRequest): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  throw new TypeError(`only text is sent to ${service}`)
}

const headerNames = ['authorization', 'x-amz-security-token', 'x-identity-header']
/** RFC 6749, RFC 7521 and RFC 8693; others name the same field `WebIdentityToken`. */
const fieldNames = [
  'subject_token',
  'actor_token',
  'refresh_token',
  'client_secret',
  'assertion',
  'client_assertion',
  'WebIdentityToken',
]

/** The secrets in a library's request: a response that repeats one is not quoted. */
function secretsIn(headers: Readonly<Record<string, string>>, body: string | undefined): string[] {
  const sent = Object.entries(headers).filter(([name]) => headerNames.includes(name.toLowerCase()))
  const fields = new URLSearchParams(body)
  return [
    // A signature is not a secret; a service quotes the signed text in its error.
    ...sent
      .map(([, value]) => value)
      .filter((value) => !value.startsWith('AWS4-'))
      .map((value) => value.replace(/^\w+ /, '')),
    ...fieldNames.flatMap((name) => fields.get(name) ?? []),
  ].filter((value) => value !== '')
}
