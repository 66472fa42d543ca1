/** Errors of requests to clouds and registries: no response, a redirect, an error response, a malformed response. */

import type { ErrorCode } from '../errors/codes.ts'
import {
  type FaultDetails,
  type Fix,
  type Hop,
  PullpassError,
  type Unreached,
  unspecificCodes,
} from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Redacted } from '../text/redacted.ts'
import { quoteSafely } from '../text/secret-register.ts'
import { showUrl } from '../text/show.ts'
import { retryAtOf } from './retry.ts'
import { ConnectionClosed, type HttpResponse, ProxyFailed, ResponseInvalid, ResponseTooLarge } from './transport.ts'

/** Node's (OpenSSL's) codes for a certificate that cannot be verified, or is for another name. */
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

/** `timedOut`: the predicate after a timeout, `did not respond within 20 s`. */
export function transportError(
  { hop, service, url }: { hop: Hop; service: string; url: string },
  timedOut: string | undefined,
  error: unknown,
): PullpassError {
  const at = showUrl(url)
  const code = systemErrorCode(error)
  if (error instanceof ProxyFailed) return proxyError(hop, error)
  if (error instanceof ResponseInvalid) {
    return new PullpassError({
      code: 'RESPONSE_MALFORMED',
      hop,
      seen: `${service} ${error.message} at ${at}`,
      expected: 'an HTTP response',
      hint: 'check that no proxy or load balancer intercepts this request, and that the endpoint is correct',
    })
  }
  if (error instanceof ResponseTooLarge) {
    return new PullpassError({
      code: 'RESPONSE_TOO_LARGE',
      hop,
      seen: `${service} returned more than ${error.maxBytes} bytes at ${at}`,
      expected: 'a short JSON response',
      hint: 'check that no proxy or sign-in page intercepts this request, and that the endpoint is correct',
    })
  }
  if (code !== undefined && untrusted.has(code)) {
    return new PullpassError({
      code: 'CERTIFICATE_UNTRUSTED',
      hop,
      seen: `the certificate at ${at} is not trusted: ${code}`,
      expected: `a certificate for ${new URL(url).hostname} from an authority that this machine trusts`,
      hint: 'if a proxy or a private endpoint uses a private certificate authority, add its certificate: --ca-file FILE',
    })
  }
  return new PullpassError({
    code: unspecificCodes(hop).unavailable,
    hop,
    seen: `${service} ${timedOut ?? `did not respond (${failureOf(error, code)})`} at ${at}`,
    expected: 'a response',
    hint: `check that this address is reachable from here (network policy, proxy, DNS)${isOfExchange(hop) ? '; pull secrets keep their credentials' : ''}`,
    retryable: true,
    unreached: timedOut === undefined ? unreachedBy(code) : 'timed out',
  })
}

/** By the system's code: no response to a packet, or none from a DNS server (NXDOMAIN is a response). */
export function unreachedBy(code: string | undefined): Unreached | undefined {
  if (code === 'EAI_AGAIN') return 'name not resolved'
  return code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH' ? 'timed out' : undefined
}

/** A proxy that opens no tunnel, with the setting that configures it. */
export function proxyError(hop: Hop, { proxy, target, status, message }: ProxyFailed): PullpassError {
  const { host, port, source } = proxy
  const direct = `add ${target.replace(/:\d+$/, '')} to NO_PROXY to reach it directly`
  return new PullpassError({
    code: 'PROXY_FAILED',
    hop,
    seen: `the proxy ${host}:${port} of ${source} ${message}; a tunnel to ${target} was requested`,
    expected: 'a tunnel through this proxy',
    hint:
      status === 407
        ? `set the proxy's credentials in ${source}: http://USER:PASSWORD@${host}:${port}`
        : status === undefined
          ? `check that the proxy runs and that ${source} is correct, or ${direct}`
          : `check that the proxy allows and reaches ${target}, or ${direct}`,
    retryable: status === undefined || status === 429 || status >= 500,
  })
}

function failureOf(error: unknown, code: string | undefined): string {
  if (error instanceof ConnectionClosed) return error.message
  return code === undefined ? 'the connection failed' : `${code}${socketOf(error)}`
}

/** The address that refused the connection: with a proxy it is not the host of the URL. */
function socketOf(error: unknown): string {
  if (!(error instanceof Error && 'address' in error && 'port' in error)) return ''
  return ` from ${String(error.address)}:${String(error.port)}`
}

/** The meaning of a vendor's error response, and the fix. */
export interface Refusal {
  readonly code: ErrorCode
  /** The vendor's message, from a known field. */
  readonly message: string
  readonly expected?: string | undefined
  readonly hint?: string | undefined
  /** The command that fixes it, at the end of the hint. */
  readonly command?: string | undefined
  readonly retryable?: boolean
  readonly details?: FaultDetails
}

export interface BodyFormat {
  /** For messages: `XML`. */
  readonly name: string
  /** Objects, lists and texts as in JSON; undefined for a body in another format. */
  readonly decode: (body: string) => unknown
}

interface RequestInfo {
  readonly hop: Hop
  readonly service: string
  readonly url: string
  readonly format?: BodyFormat
  readonly refused?: (body: unknown) => boolean
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  readonly unexplained?: (status: number) => Fix | undefined
}

interface ResponseInfo extends HttpResponse {
  readonly receivedAt: Date
  /** Secrets of the run, searched for in text to be shown: a hostile response can repeat them. */
  readonly secrets: Iterable<Redacted>
}

export function responseError(request: RequestInfo, response: ResponseInfo): PullpassError {
  if (response.status >= 300 && response.status < 400) return redirectError(request, response)
  const body = bounded(request.format?.decode, response.body)
  const isRefused = body !== undefined && request.refused?.(body) === true
  if (response.status >= 200 && response.status < 300 && !isRefused) return formatError(request, response)
  const refusal = body === undefined ? undefined : request.refusal?.(response.status, body)
  return refusal === undefined ? unspecificError(request, response) : refusalError(request, response, refusal)
}

/** Characters of one string: the longest messages of vendors have a few hundred. */
const longestText = 4_096

/** Strings are truncated before patterns match them: a response can be one string of 1 MiB. */
function bounded(decode: BodyFormat['decode'] | undefined, text: string): unknown {
  try {
    const json = decode === undefined ? text : (JSON.stringify(decode(text)) ?? '')
    return JSON.parse(json, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, longestText) : value))
  } catch {
    return undefined // no JSON, or nested too deeply
  }
}

function redirectError({ hop, service, url }: RequestInfo, { status }: ResponseInfo): PullpassError {
  return new PullpassError({
    code: 'REDIRECT_REFUSED',
    hop,
    seen: `${service} responded with ${status}, a redirect, at ${showUrl(url)}`,
    expected: 'a response from this address: a token is never sent to another one',
    hint: 'set the final address as the endpoint',
  })
}

function formatError(
  { hop, service, url, format }: RequestInfo,
  { body, headers, secrets }: ResponseInfo,
): PullpassError {
  const name = format?.name ?? 'JSON'
  const type = quoteSafely(headers['content-type'] ?? 'no content type', secrets)
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop,
    seen: `${service} responded with 200 at ${showUrl(url)}, but not in ${name}: ${Buffer.byteLength(body)} bytes of ${type}`,
    expected: `the response of the service itself, in ${name}`,
    hint: 'check that no proxy or sign-in page intercepts this request, and that the endpoint is correct',
    retryable: true, // an interrupted connection looks the same
  })
}

function refusalError(request: RequestInfo, response: ResponseInfo, refusal: Refusal): PullpassError {
  return new PullpassError({
    code: refusal.code,
    hop: request.hop,
    seen: `${request.service} responded with ${response.status} ${quoteSafely(refusal.message, response.secrets)}`,
    expected: refusal.expected,
    hint: refusal.hint,
    command: refusal.command,
    ...(refusal.details && { details: refusal.details }),
    retryable: refusal.retryable ?? isTransient(response.status),
    retryAt: retryAtOf(response.headers['retry-after'], response.receivedAt),
  })
}

function unspecificError(
  { hop, service, url, unexplained }: RequestInfo,
  { status, headers, receivedAt }: ResponseInfo,
): PullpassError {
  const transient = isTransient(status)
  return new PullpassError({
    code: status === 429 ? 'QUOTA_EXCEEDED' : unspecificCodes(hop)[transient ? 'unavailable' : 'refused'],
    hop,
    seen: `${service} responded with ${status} at ${showUrl(url)}, without a known reason`,
    expected: 'a response with status 200',
    hint: transient
      ? `no action if this is temporary: ${isOfExchange(hop) ? 'pull secrets keep their credentials, and ' : ''}the next run retries`
      : 'check the endpoint, and that no proxy or sign-in page intercepts this request',
    ...unexplained?.(status),
    retryable: transient,
    retryAt: retryAtOf(headers['retry-after'], receivedAt),
  })
}

/** Only where an exchange fails does the state of the pull secrets matter. */
const isOfExchange = (hop: Hop) => hop === 'impersonation' || hop.startsWith('exchange')

const isTransient = (status: number) => status === 429 || status === 408 || status >= 500
