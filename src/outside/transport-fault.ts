/** A request that got no answer, in words: which certificate, which name, which time. */

import { type Hop, PullpassError, type Unreached } from './pullpass-error.ts'
import { showUrl } from './show-url.ts'
import { systemErrorCode } from './system-error-code.ts'
import { AnswerTooLarge, AnswerUnusable, CutShort, ProxyFailed } from './transport.ts'
import { unspecificCodes } from './unspecific-codes.ts'

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
      code: 'ANSWER_MALFORMED',
      hop,
      seen: `${who} ${error.message} at ${at}`,
      expected: 'an HTTP response',
      hint: 'check that the endpoint is the right one, and that no proxy or load balancer answers in its place',
    })
  }
  if (error instanceof AnswerTooLarge) {
    return new PullpassError({
      code: 'ANSWER_TOO_LARGE',
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
