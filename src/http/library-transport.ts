/**
 * One request of a vendor's library over the run's own transport, so that its authorities, its proxy, its end and its bounds
 * hold there too: by itself a library opens connections of its own, trusts the process's authorities and follows redirects.
 */

import { type Hop, PullpassError } from '../errors/pullpass-error.ts'
import { Redacted } from '../text/redacted.ts'
import { transportFault } from './request-errors.ts'
import { logAgain, tryAgain } from './retry.ts'
import type { SendContext } from './send.ts'
import type { HttpAnswer, HttpMethod } from './transport.ts'

export interface LibraryRequest {
  readonly hop: Hop
  /** For messages: who is asked, `Google`. */
  readonly who: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** A text, or one in UTF-8 as bytes: libraries say no more of it than that it is unknown. */
  readonly body?: unknown
  /** The library's own. */
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

export interface LibraryAnswer extends HttpAnswer {
  readonly headers: Readonly<Record<string, string>>
}

const maxBytes = 1024 * 1024
const defaultTimeoutMs = 20_000
/** Answers are the library's to judge and to repeat; where none came, it would not know this error. */
const attempts = 3

/** @throws PullpassError where no answer came, or too long a one; TypeError for a request that pullpass has no need of */
export const askForLibrary = async (context: SendContext, request: LibraryRequest): Promise<LibraryAnswer> =>
  await tryAgain(
    async () => await askOnce(context, request),
    { attempts: request.timeoutMs === undefined ? attempts : 1, onWait: logAgain(context, request) },
    context,
  )

async function askOnce(context: SendContext, request: LibraryRequest): Promise<LibraryAnswer> {
  const { hop, who, url, headers, signal, timeoutMs = defaultTimeoutMs } = request
  const [method, body] = [methodOf(request), textOf(request)]
  context.secrets.add(...secretsIn(headers, body).map((value) => new Redacted(value)))
  const timeout = AbortSignal.timeout(timeoutMs)
  const ends = [timeout, context.signal, signal].filter((end) => end !== undefined)
  try {
    const message = { method, url, headers, ...(body !== undefined && { body }) }
    const answer = await context.transport({ ...message, asked: { hop, who }, maxBytes, signal: AbortSignal.any(ends) })
    return { ...answer, headers: Object.fromEntries(Object.entries(answer.headers).flatMap(given)) }
  } catch (error) {
    context.signal.throwIfAborted()
    signal?.throwIfAborted()
    if (error instanceof PullpassError) throw error // it is in words already
    const timedOut = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : undefined
    throw transportFault({ hop, who, url }, timedOut, error)
  }
}

const given = ([name, value]: [string, string | undefined]): [name: string, value: string][] =>
  value === undefined ? [] : [[name, value]]

const methods: readonly HttpMethod[] = ['GET', 'HEAD', 'POST', 'PUT']

function methodOf({ who, method }: LibraryRequest): HttpMethod {
  const known = methods.find((one) => one === method)
  if (known === undefined) throw new TypeError(`pullpass has no need of ${method} at ${who}`)
  return known
}

function textOf({ who, body }: LibraryRequest): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  throw new TypeError(`what is sent to ${who} is text alone`)
}

const headerNames = ['authorization', 'x-amz-security-token', 'x-identity-header']
/** RFC 6749, RFC 7521 and RFC 8693; `WebIdentityToken` is of AWS's token service. */
const fieldNames = [
  'subject_token',
  'actor_token',
  'refresh_token',
  'client_secret',
  'assertion',
  'client_assertion',
  'WebIdentityToken',
]

/** What a vendor's library sends in confidence: an answer that repeats it is not quoted. */
function secretsIn(headers: Readonly<Record<string, string>>, body: string | undefined): string[] {
  const sent = Object.entries(headers).filter(([name]) => headerNames.includes(name.toLowerCase()))
  const fields = new URLSearchParams(body)
  return [
    // A signature is none: what is signed is said by who checks it.
    ...sent
      .map(([, value]) => value)
      .filter((value) => !value.startsWith('AWS4-'))
      .map((value) => value.replace(/^\w+ /, '')),
    ...fieldNames.flatMap((name) => fields.get(name) ?? []),
  ].filter((value) => value !== '')
}
