/** A successful response of the API server as JSON. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import { proxyError, unreachedBy } from '../../http/request-errors.ts'
import { ProxyFailed, ResponseInvalid, ResponseTooLarge } from '../../http/transport.ts'
import { asObject, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import type { Cluster, ClusterResponse } from './cluster.ts'
import { ConnectionStalled, Untrusted } from './connection.ts'

/** @throws RESPONSE_MALFORMED; the response is not shown, since it may contain a Secret */
export function readResponse({ server }: Cluster, { status, body }: ClusterResponse): JsonObject {
  const object = asObject(jsonOrNone(body))
  if (object) return object
  throw malformed(server, status, Buffer.byteLength(body))
}

export function malformed(server: string, status: number, bytes: number): PullpassError {
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop: 'kubernetes',
    seen: `${server} responded with ${status}, ${bytes} bytes that are no object of the Kubernetes API`,
    expected: 'JSON, as the Kubernetes API returns it',
    hint: 'check that the server in the kubeconfig is the API server, and that no proxy or sign-in page intercepts the request',
  })
}

// The error for a request to the API server that got no response.

/** A PullpassError is returned unchanged. */
export function unreachable(server: URL, error: unknown): PullpassError {
  if (error instanceof PullpassError) return error
  if (error instanceof ResponseTooLarge) return tooLarge(server, error)
  if (error instanceof ProxyFailed) return proxyError('kubernetes', error)
  if (error instanceof ResponseInvalid) return unusable(server, error)
  if (error instanceof Untrusted) return untrusted(server, error)
  const code = systemErrorCode(error)
  return new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `the API server at ${server.origin} did not respond: ${wordsOf(error)}`,
    expected: 'a response from the API server',
    hint:
      (code && hints[code]) ??
      'check that this address is reachable from here (network policy, firewall, VPN), and that the API server runs',
    retryable: code !== 'ENOTFOUND',
    unreached: error instanceof ConnectionStalled ? 'timed out' : unreachedBy(code),
    cause: error,
  })
}

const hints: Readonly<Record<string, string | undefined>> = {
  ENOTFOUND: 'correct the server in the kubeconfig: DNS has no address for this name',
  ECONNREFUSED:
    'nothing listens there: check that the API server (or kubectl proxy) runs, and that the port is correct',
}

function wordsOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (!(error instanceof Error)) return 'the connection failed'
  return code === undefined || error.message.includes(code) ? error.message : `${error.message} (${code})`
}

function tooLarge(server: URL, { maxBytes }: ResponseTooLarge): PullpassError {
  return new PullpassError({
    code: 'RESPONSE_TOO_LARGE',
    hop: 'kubernetes',
    seen: `${server.origin} returned more than ${maxBytes} bytes`,
    expected: 'a response of the API server, which is smaller',
    hint: 'check that the server in the kubeconfig is the API server, and that no proxy or sign-in page intercepts the request',
  })
}

function unusable(server: URL, { message }: ResponseInvalid): PullpassError {
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop: 'kubernetes',
    seen: `${server.origin} ${message}`,
    expected: 'an HTTP response of the Kubernetes API',
    hint: 'check that the server in the kubeconfig is the API server, and that no proxy or load balancer intercepts the request',
  })
}

function untrusted(server: URL, { cause, message }: Untrusted): PullpassError {
  return new PullpassError({
    code: 'CERTIFICATE_UNTRUSTED',
    hop: 'kubernetes',
    seen: `the certificate at ${server.origin} is not trusted: ${systemErrorCode(cause) ?? message}`,
    expected: `a certificate for ${server.hostname} from the authority that the kubeconfig, or the pod's ca.crt, names`,
    hint: 'check that no proxy intercepts the request; in a kubeconfig, certificate-authority sets its authority, tls-server-name its name',
    cause,
  })
}
