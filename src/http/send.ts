/**
 * Asks a cloud or registry one thing and reads the answer by the caller's own rule.
 * Owns what is the same for every vendor: opening secrets, time and size limits, no redirects, retries, and words.
 */

import { type Hop, PullpassError } from '../errors/pullpass-error.ts'
import { jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { showUrl } from '../text/show.ts'
import type { Context } from './context.ts'
import { answerFault, type Refusal, transportFault } from './request-errors.ts'
import { logAgain, tryAgain } from './retry.ts'
import type { HttpAnswer, HttpMethod, HttpRequest } from './transport.ts'

export interface Ask<T> {
  readonly hop: Hop
  /** For messages: who is asked, `Google`. */
  readonly who: string
  readonly url: string
  readonly method?: HttpMethod
  /** Sent as application/x-www-form-urlencoded, or as JSON; secrets in them are opened here. */
  readonly form?: Readonly<Record<string, string | Redacted>>
  readonly json?: unknown
  readonly bearer?: Redacted
  /** What the vendor's refusal means; undefined where it says nothing that this caller knows. */
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  /** Turns a good answer into what the caller wants; throws AnswerUnread where the answer is not what it must be. */
  readonly read: (answer: Received) => T
  readonly timeoutMs?: number
}

export interface Received {
  readonly body: unknown
  /** This machine's clock. */
  readonly sentAt: Date
  readonly receivedAt: Date
  /** The other side's clock, to the second. */
  readonly serverDate: Date | undefined
}

/** Thrown by `read`, with what was seen instead; never with a part of the answer that may be a credential. */
export class AnswerUnread extends Error {}

export type SendContext = Pick<Context, 'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'log' | 'secrets'>

const maxBytes = 1024 * 1024
const attempts = 4
const defaultTimeoutMs = 20_000

/** @throws PullpassError at the hop of `ask` */
export const send = async <T>(context: SendContext, ask: Ask<T>): Promise<T> =>
  await tryAgain(async () => await sendOnce(context, ask), { attempts, onWait: logAgain(context, ask) }, context)

async function sendOnce<T>(context: SendContext, ask: Ask<T>): Promise<T> {
  const sentAt = context.now()
  context.secrets.add(...secretsOf(ask))
  const answer = await exchangeMessages(context, ask)
  const receivedAt = context.now()
  const body = jsonOrNone(answer.body)
  if (answer.status !== 200 || body === undefined) {
    throw answerFault(ask, { ...answer, receivedAt, secrets: context.secrets })
  }
  const date = Date.parse(answer.headers['date'] ?? '')
  try {
    return ask.read({ body, sentAt, receivedAt, serverDate: Number.isNaN(date) ? undefined : new Date(date) })
  } catch (unread) {
    throw answerUnread(ask, unread)
  }
}

/**
 * What else a reader throws is its own bug, met by an answer that nobody thought of: one registry's trouble, not the run's.
 * Such an error is not kept as the cause: a parser's words may quote the answer, which holds a credential.
 */
function answerUnread<T>({ hop, who, url }: Ask<T>, unread: unknown): PullpassError {
  const what = unread instanceof AnswerUnread ? unread.message : 'it could not be read'
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop,
    seen: `${who} answered 200 at ${showUrl(url)}, but ${what}`,
    expected: 'the answer that its documentation describes',
    hint: 'see that nothing between answers in its place, and that the endpoint is the right one',
  })
}

async function exchangeMessages<T>(context: SendContext, ask: Ask<T>): Promise<HttpAnswer> {
  const timeoutMs = ask.timeoutMs ?? defaultTimeoutMs
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    return await context.transport(toRequest(ask, AbortSignal.any([timeout, context.signal])))
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof PullpassError) throw error // it is in words already
    throw transportFault(ask, timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : undefined, error)
  }
}

function toRequest<T>(ask: Ask<T>, signal: AbortSignal): HttpRequest {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (ask.bearer !== undefined) headers['authorization'] = `Bearer ${ask.bearer.reveal()}`
  const base = {
    method: ask.method ?? 'POST',
    url: ask.url,
    maxBytes,
    signal,
    headers,
    asked: { hop: ask.hop, who: ask.who },
  }
  if (ask.form !== undefined) {
    headers['content-type'] = 'application/x-www-form-urlencoded'
    const fields = Object.entries(ask.form).map(([name, value]) => [name, open(value)] as [string, string])
    return { ...base, body: new URLSearchParams(fields).toString() }
  }
  if (ask.json !== undefined) {
    headers['content-type'] = 'application/json'
    return { ...base, body: JSON.stringify(ask.json, openInPlace) }
  }
  return base
}

const open = (value: string | Redacted) => (value instanceof Redacted ? value.reveal() : value)

/** By the time a replacer sees a value, toJSON has redacted it: its holder still has the original. */
function openInPlace(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key]
  return original instanceof Redacted ? original.reveal() : value
}

function secretsOf<T>({ bearer, form, json }: Ask<T>): Redacted[] {
  const values = [bearer, ...Object.values(form ?? {}), ...(typeof json === 'object' ? Object.values(json ?? {}) : [])]
  return values.filter((value) => value instanceof Redacted)
}
