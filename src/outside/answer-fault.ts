/** An answer that is not what was asked for, in words: a redirect, a refusal, an error page, no JSON. */
import type { ErrorCode } from './error-codes.ts'
import { type Hop, PullpassError } from './pullpass-error.ts'
import type { Redacted } from './redacted.ts'
import { retryAtOf } from './retry-at.ts'
import { quoteSafely } from './secret-register.ts'
import { showUrl } from './show-url.ts'
import type { HttpAnswer } from './transport.ts'
import { unspecificCodes } from './unspecific-codes.ts'

/** What a vendor's refusal means, and what mends it. */
export interface Refusal {
  readonly code: ErrorCode
  /** The vendor's own sentence, taken from a known field. */
  readonly message: string
  readonly expected?: string | undefined
  readonly hint?: string | undefined
  /** The command that fixes it, which the hint ends with. */
  readonly command?: string | undefined
  readonly retryable?: boolean
}

interface Asked {
  readonly hop: Hop
  readonly who: string
  readonly url: string
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
}

interface Answered extends HttpAnswer {
  readonly receivedAt: Date
  /** What the run sent in confidence: a hostile answer may repeat it. Looked for in what would be shown. */
  readonly secrets: Iterable<Redacted>
}

export function answerFault(ask: Asked, answer: Answered): PullpassError {
  if (answer.status >= 300 && answer.status < 400) return redirectRefused(ask, answer)
  if (answer.status === 200) return notJson(ask, answer)
  const body = boundedJson(answer.body)
  const refusal = body === undefined ? undefined : ask.refusal?.(answer.status, body)
  return refusal === undefined ? unknownRefusal(ask, answer) : knownRefusal(ask, answer, refusal)
}

/** Characters of one text: Google's longest sentences have a few hundred. */
const longestText = 4_096

/** What rules for a refusal match is bounded first: one answer may be a single text of 1 MiB. */
function boundedJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, longestText) : value))
  } catch {
    return undefined // no JSON; or nested so deeply that no API means it
  }
}

function redirectRefused({ hop, who, url }: Asked, { status }: Answered): PullpassError {
  return new PullpassError({
    code: 'REDIRECT_REFUSED',
    hop,
    seen: `${who} answered ${status}, a redirect, at ${showUrl(url)}`,
    expected: 'an answer at this address: a token is never sent on to another one',
    hint: 'name the final address as the endpoint',
  })
}

function notJson({ hop, who, url }: Asked, { body, headers, secrets }: Answered): PullpassError {
  const type = quoteSafely(headers['content-type'] ?? 'no content type', secrets)
  return new PullpassError({
    code: 'ANSWER_MALFORMED',
    hop,
    seen: `${who} answered 200 at ${showUrl(url)}, but not in JSON: ${Buffer.byteLength(body)} bytes of ${type}`,
    expected: 'JSON',
    hint: 'see that nothing between answers in its place (a proxy, a sign-in page), and that the endpoint is the right one',
    retryable: true, // a connection cut short looks the same
  })
}

function knownRefusal(ask: Asked, answer: Answered, refusal: Refusal): PullpassError {
  return new PullpassError({
    code: refusal.code,
    hop: ask.hop,
    seen: `${ask.who} answered ${answer.status} ${quoteSafely(refusal.message, answer.secrets)}`,
    expected: refusal.expected,
    hint: refusal.hint,
    command: refusal.command,
    retryable: refusal.retryable ?? isTransient(answer.status),
    retryAt: retryAtOf(answer.headers['retry-after'], answer.receivedAt),
  })
}

function unknownRefusal({ hop, who, url }: Asked, { status, headers, receivedAt }: Answered): PullpassError {
  const transient = isTransient(status)
  return new PullpassError({
    code: status === 429 ? 'QUOTA_EXCEEDED' : unspecificCodes(hop)[transient ? 'unavailable' : 'refused'],
    hop,
    seen: `${who} answered ${status} at ${showUrl(url)}, without a reason that pullpass knows`,
    expected: 'an answer of status 200',
    hint: transient
      ? 'nothing to do if it passes; pull secrets keep what they have, and the next run asks again'
      : 'see that the endpoint is the right one, and that nothing between answers in its place',
    retryable: transient,
    retryAt: retryAtOf(headers['retry-after'], receivedAt),
  })
}

const isTransient = (status: number) => status === 429 || status === 408 || status >= 500
