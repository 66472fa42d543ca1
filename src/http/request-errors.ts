/** A request that got no answer, in words: which certificate, which name, which time. */

import type { ErrorCode } from '../errors/codes.ts'
import { type Hop, PullpassError, type Unreached, unspecificCodes } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Redacted } from '../text/redacted.ts'
import { quoteSafely } from '../text/secret-register.ts'
import { showUrl } from '../text/show.ts'
import { retryAtOf } from './retry.ts'
import { AnswerTooLarge, AnswerUnusable, CutShort, type HttpAnswer, ProxyFailed } from './transport.ts'

/** Node's (OpenSSL's) codes for a certificate that nobody vouches for, or that is another's. */
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** `timedOut`: how, in words, where time ran out. */
export function transportFault(
  { hop, who, url }: { hop: Hop; who: string; url: string },
  timedOut: string | undefined,
  error: unknown,
): PullpassError {
  const at = showUrl(url)
  const code = systemErrorCode(error)
  if (error instanceof ProxyFailed) return proxyFault(hop, error)
  if (error instanceof AnswerUnusable) {
    return new PullpassError({
      code: 'RESPONSE_MALFORMED',
      hop,
      seen: `${who} ${error.message} at ${at}`,
      expected: 'an HTTP response',
      hint: 'check that the endpoint is the right one, and that no proxy or load balancer answers in its place',
    })
  }
  if (error instanceof AnswerTooLarge) {
    return new PullpassError({
      code: 'RESPONSE_TOO_LARGE',
      hop,
      seen: `${who} answered more than ${error.maxBytes} bytes at ${at}`,
      expected: 'a short JSON answer',
      hint: 'see that nothing between answers in its place, and that the endpoint is the right one',
    })
  }
  if (code !== undefined && untrusted.has(code)) {
    return new PullpassError({
      code: 'CERTIFICATE_UNTRUSTED',
      hop,
      seen: `the certificate at ${at} is not trusted: ${code}`,
      expected: `a certificate for ${new URL(url).hostname} from an authority that this machine trusts`,
      hint: 'if a proxy or a private endpoint uses an authority of its own, name its certificate: --ca-file FILE',
    })
  }
  return new PullpassError({
    code: unspecificCodes(hop).unavailable,
    hop,
    seen: `${who} ${timedOut ?? `gave no answer (${failureOf(error, code)})`} at ${at}`,
    expected: 'an answer',
    hint: 'see that this address is reachable from here (network policy, proxy, DNS); pull secrets keep what they have',
    retryable: true,
    unreached: timedOut === undefined ? unreachedBy(code) : 'timed out',
  })
}

/** By the system's code: no answer to a packet, or none of a DNS server (a name that does not exist is an answer). */
export function unreachedBy(code: string | undefined): Unreached | undefined {
  if (code === 'EAI_AGAIN') return 'name not resolved'
  return code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH' ? 'timed out' : undefined
}

/** A proxy that opens no tunnel, with the setting that names it. */
export function proxyFault(hop: Hop, { proxy, target, status, message }: ProxyFailed): PullpassError {
  const { host, port, source } = proxy
  const direct = `name ${target.replace(/:\d+$/, '')} in NO_PROXY to reach it directly`
  return new PullpassError({
    code: 'PROXY_FAILED',
    hop,
    seen: `the proxy ${host}:${port} of ${source} ${message}; it was asked for a tunnel to ${target}`,
    expected: 'a tunnel through this proxy',
    hint:
      status === 407
        ? `set the proxy's credentials in ${source}: http://USER:PASSWORD@${host}:${port}`
        : status === undefined
          ? `check that the proxy runs and that ${source} is right, or ${direct}`
          : `check that the proxy allows and reaches ${target}, or ${direct}`,
    retryable: status === undefined || status === 429 || status >= 500,
  })
}

function failureOf(error: unknown, code: string | undefined): string {
  if (error instanceof CutShort) return error.message
  return code === undefined ? 'the connection failed' : `${code}${socketOf(error)}`
}

/** Who really refused: where a proxy stands between, it is not the host that the URL names. */
function socketOf(error: unknown): string {
  if (!(error instanceof Error && 'address' in error && 'port' in error)) return ''
  return ` from ${String(error.address)}:${String(error.port)}`
}

// An answer that is not what was asked for, in words: a redirect, a refusal, an error page, no JSON.

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
    code: 'RESPONSE_MALFORMED',
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
