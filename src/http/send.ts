/**
 * Sends one API request to a cloud or registry; the caller's `read` interprets the response. Common to all vendors:
 * revealing secrets, time and size limits, no redirects, retries, and error messages.
 */
import { type Fix, type Hop, PullpassError } from '../errors/pullpass-error.ts'
import { asObject, jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { showUrl } from '../text/show.ts'
import type { Context } from './context.ts'
import { type BodyFormat, type Refusal, responseError, transportError } from './request-errors.ts'
import { logRetry, retry } from './retry.ts'
import { type HttpMethod, type HttpRequest, type HttpResponse, parseHttpDate } from './transport.ts'

export interface ApiRequest<T> {
  readonly hop: Hop
  /** The name of the service, for messages. */
  readonly service: string
  readonly url: string
  readonly method?: HttpMethod
  /** Sent as application/x-www-form-urlencoded, or as JSON; secrets in them are revealed here. */
  readonly form?: Readonly<Record<string, string | Redacted>>
  readonly json?: unknown
  readonly bearer?: Redacted
  readonly basic?: BasicCredential
  /** Of a successful response, which may then have no body: it is read as null. Absent: 200, with a body. */
  readonly statuses?: readonly number[]
  /**
   * Further headers, by lower-case name, computed for each attempt from what is sent: a signature of the request, a hash of
   * its body. They replace those of the same name.
   */
  readonly headers?: (sent: SentRequest) => Readonly<Record<string, string | Redacted>>
  /** How a body is decoded; absent: as JSON. */
  readonly format?: BodyFormat
  /** Whether a response with a successful status is an error, as some vendors' APIs return it. */
  readonly refused?: (body: unknown) => boolean
  /** The meaning of the vendor's error response; undefined if it is unknown. */
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  /** What an error response without a known reason can mean at the service; undefined: nothing in particular. */
  readonly unexplained?: (status: number) => Fix | undefined
  /** Converts a successful response; throws UnexpectedResponse if it is not as documented. */
  readonly read: (response: ApiResponse) => T
  readonly timeoutMs?: number
  /** `never`: a second request would do more than the first, whose response may be lost. */
  readonly repeat?: 'never'
}

/** HTTP basic authentication (RFC 7617). `form`: both parts are form-urlencoded first, as OAuth clients do (RFC 6749 §2.3.1). */
interface BasicCredential {
  readonly username: string
  readonly password: Redacted
  readonly encoding?: 'form'
}

/** A request as it is sent, with its secrets revealed. */
export interface SentRequest {
  readonly method: HttpMethod
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The exact bytes, as UTF-8; empty without a body. */
  readonly body: string
  readonly now: Date
}

export interface ApiResponse {
  readonly body: unknown
  /** This machine's clock. */
  readonly sentAt: Date
  readonly receivedAt: Date
  /** The server's clock, to the second. */
  readonly serverDate: Date | undefined
}

/** Thrown by `read` with what was seen instead; never with a part of the response that can be a credential. */
export class UnexpectedResponse extends Error {
  /** What to do about it; absent: it is unlikely to be the response of the service. */
  readonly fix: string | undefined

  constructor(seen: string, fix?: string) {
    super(seen)
    this.fix = fix
  }
}

export type SendContext = Pick<Context, 'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'log' | 'secrets'>

const maxBytes = 1024 * 1024
const attempts = 4
const defaultTimeoutMs = 20_000

/** @throws PullpassError at the hop of the request */
export const send = async <T>(context: SendContext, request: ApiRequest<T>): Promise<T> =>
  await retry(
    async () => await sendOnce(context, request),
    { attempts: request.repeat === 'never' ? 1 : attempts, onWait: logRetry(context, request) },
    context,
  )

async function sendOnce<T>(context: SendContext, request: ApiRequest<T>): Promise<T> {
  const sentAt = context.now()
  context.secrets.add(...secretsOf(request))
  const response = await transmit(context, request)
  const receivedAt = context.now()
  const { statuses = [200] } = request
  const isEmpty = request.statuses !== undefined && response.body === ''
  const body = isEmpty ? null : (request.format?.decode ?? jsonOrNone)(response.body)
  if (!statuses.includes(response.status) || body === undefined || request.refused?.(body) === true) {
    throw responseError(request, { ...response, receivedAt, secrets: context.secrets })
  }
  try {
    return request.read({ body, sentAt, receivedAt, serverDate: parseHttpDate(response.headers['date']) })
  } catch (unread) {
    throw unreadableResponse(request, response.status, unread)
  }
}

/**
 * Any other error of `read` is a bug triggered by an unexpected response; it fails one registry, not the run. It is not kept as
 * the cause: a parser's message can quote the response, which contains a credential.
 */
function unreadableResponse<T>({ hop, service, url }: ApiRequest<T>, status: number, unread: unknown): PullpassError {
  const what = unread instanceof UnexpectedResponse ? unread.message : 'it could not be read'
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop,
    seen: `${service} responded with ${status} at ${showUrl(url)}, but ${what}`,
    expected: 'the documented response',
    hint:
      (unread instanceof UnexpectedResponse ? unread.fix : undefined) ??
      'check that no proxy or sign-in page intercepts this request, and that the endpoint is correct',
  })
}

async function transmit<T>(context: SendContext, request: ApiRequest<T>): Promise<HttpResponse> {
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const signal = AbortSignal.any([timeout, context.signal])
    return await context.transport(withHeaders(toRequest(request, signal), request, context))
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof PullpassError) throw error // it is classified already
    throw transportError(request, timeout.aborted ? `did not respond within ${timeoutMs / 1000} s` : undefined, error)
  }
}

function toRequest<T>(request: ApiRequest<T>, signal: AbortSignal): HttpRequest {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (request.bearer !== undefined) headers['authorization'] = `Bearer ${request.bearer.reveal()}`
  if (request.basic !== undefined) headers['authorization'] = `Basic ${renderBasic(request.basic)}`
  const base = {
    method: request.method ?? 'POST',
    url: request.url,
    maxBytes,
    signal,
    headers,
    purpose: { hop: request.hop, service: request.service },
  }
  if (request.form !== undefined) {
    headers['content-type'] = 'application/x-www-form-urlencoded'
    const fields = Object.entries(request.form).map(([name, value]) => [name, revealed(value)] as [string, string])
    return { ...base, body: new URLSearchParams(fields).toString() }
  }
  if (request.json !== undefined) {
    headers['content-type'] = 'application/json'
    return { ...base, body: JSON.stringify(request.json, revealInPlace) }
  }
  return base
}

function renderBasic({ username, password, encoding }: BasicCredential): string {
  const encode = (text: string) =>
    encoding === 'form' ? new URLSearchParams([['', text]]).toString().slice('='.length) : text
  return Buffer.from(`${encode(username)}:${encode(password.reveal())}`).toString('base64')
}

function withHeaders<T>(sent: HttpRequest, { headers }: ApiRequest<T>, context: SendContext): HttpRequest {
  if (headers === undefined) return sent
  const { method, url, body = '' } = sent
  const more = headers({ method, url, headers: sent.headers, body, now: context.now() })
  context.secrets.add(...Object.values(more).filter((value) => value instanceof Redacted))
  const shown = Object.entries(more).map(([name, value]) => [name, revealed(value)] as const)
  return { ...sent, headers: { ...sent.headers, ...Object.fromEntries(shown) } }
}

const revealed = (value: string | Redacted) => (value instanceof Redacted ? value.reveal() : value)

/** A replacer receives the value after toJSON, which redacts it; its holder still has the original. */
function revealInPlace(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key]
  return original instanceof Redacted ? original.reveal() : value
}

const secretsOf = <T>({ bearer, basic, form, json }: ApiRequest<T>): Redacted[] =>
  [bearer, basic?.password, form, json].flatMap(secretsIn)

/** At any depth of an object or list. */
function secretsIn(value: unknown): Redacted[] {
  if (value instanceof Redacted) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : []
}

// Required text fields of a vendor's response.

/** Longer than any vendor's token. Characters. */
const longest = 65_536

/** Printable ASCII, because it becomes a header or a password. @throws UnexpectedResponse */
export const textField = (body: unknown, name: string): string => checkedText(asObject(body)?.[name], name)

/** A value that was found in a response. `name`: its place, for messages. @throws UnexpectedResponse */
export function checkedText(value: unknown, name: string): string {
  if (value === undefined) throw new UnexpectedResponse(`it contains no ${name}`)
  if (typeof value !== 'string') throw new UnexpectedResponse(`its ${name} is not a string`)
  if (value === '') throw new UnexpectedResponse(`its ${name} is empty`)
  if (value.length > longest) throw new UnexpectedResponse(`its ${name} is longer than ${longest} characters`)
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UnexpectedResponse(`its ${name} contains characters that no token has`)
  return value
}
