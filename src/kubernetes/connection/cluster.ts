/** A connection to one API server: requests and streams. */

import type { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import type { Context } from '../../http/context.ts'
import type { Redacted } from '../../text/redacted.ts'
import type { SecretRegister } from '../../text/secret-register.ts'

export type ClusterContext = Pick<Context, 'now' | 'random' | 'sleep' | 'signal' | 'log' | 'secrets' | 'waiting'>

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Path with query, encoded: `/api/v1/namespaces?limit=500`. */
  readonly path: string
  readonly accept?: string
  readonly contentType?: string
  /** A body with secrets is composed when it is sent: a request that waits for the semaphore keeps no copy. */
  readonly body?: string | (() => Redacted)
  /** A longer response is not read to its end. Bytes; absent: 1 MiB. */
  readonly maxResponseBytes?: number
  /** How long one attempt may take, from sending it to the end of its response. Absent: 60 s. */
  readonly timeoutMs?: number
  /** How long failed attempts are retried, from the first one. Absent: 2 min. */
  readonly retryForMs?: number
  /** Called right before each attempt is sent; what it throws ends the request. A PullpassError. */
  readonly permit?: () => void
}

export interface ClusterResponse {
  readonly status: number
  /** Bounded; JSON text if it is from the API server itself. */
  readonly body: string
}

/** A GET request whose response is read line by line: a watch. */
export interface ClusterStreamRequest extends Pick<ClusterRequest, 'path' | 'accept' | 'retryForMs'> {
  /** A longer line ends the stream. */
  readonly maxLineBytes: number
  /** How long nothing may come before the stream counts as stalled. */
  readonly idleTimeoutMs: number
  /** Ends it, as the end of the run does. Absent: only that. */
  readonly signal?: AbortSignal
}

export interface ClusterStream {
  readonly status: 200
  /**
   * Ends with the response. Throws KUBERNETES_UNREACHABLE if the connection breaks or stalls, RESPONSE_TOO_LARGE, and the
   * signal's reason.
   */
  readonly lines: AsyncGenerator<string, void>
  /** From now on, this replaces the request's `idleTimeoutMs`. */
  readonly allowSilence: (ms: number) => void
  /** Ends it, whether or not it was read. */
  readonly close: () => void
}

export interface Cluster {
  /** For messages: `https://10.0.0.1:443`. */
  readonly server: string
  /** Of the run: a response that repeats one is not quoted. */
  readonly secrets: SecretRegister
  /**
   * Sends a request, and retries after 429 (at Retry-After), 5xx, a reset, a GOAWAY.
   * Resolves with the last response, whatever its status.
   * @throws KUBERNETES_UNREACHABLE, CERTIFICATE_UNTRUSTED, RESPONSE_TOO_LARGE, INTERRUPTED, TIMED_OUT
   */
  request(request: ClusterRequest): Promise<ClusterResponse>
  /**
   * Opens a stream, with the same retries; one that is open is not reopened. A response of another status than 200 is returned
   * whole. Streams have connections of their own, and do not count toward the limit of concurrent requests: however many are open,
   * requests are sent. @throws as `request`
   */
  stream(request: ClusterStreamRequest): Promise<ClusterStream | ClusterResponse>
  /**
   * How far the clock of this machine is ahead of the server's, by the Date header of its last response; undefined: there was none.
   * Milliseconds; the header has whole seconds. RFC 9110 §6.6.1
   */
  clockAheadMs(): number | undefined
  /** The same cluster over a new connection, closed separately: behind a load balancer perhaps another API server. */
  reconnect(reconnection?: Reconnection): Cluster
  /**
   * The CA certificates (PEM) of its API servers as they are configured now: a Pod's file may have changed since this
   * connection was opened. Empty if Node's own authorities are used. @throws CA_FILE_INVALID
   */
  authorities(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface Reconnection {
  /** Of one API server. `kubernetes.default.svc`, for which every API server's certificate is valid, is the server name. */
  readonly address?: URL
  /** Closes the connection, as the end of the run does. */
  readonly signal?: AbortSignal
  /** The only trusted CA certificates (PEM) from now on, independent of later configuration. */
  readonly authorities?: readonly string[]
}

/** Address and credentials of one API server, from a kubeconfig or the files in a pod; nothing is connected yet. */
export interface ClusterAccess {
  /** `https:` or `http:`; its path, if it has one, is the prefix of every request's path. */
  readonly server: URL
  /** Read again for each connection: authorities and client certificates rotate. */
  readonly trust: () => Promise<Trust>
  /** The configured `trust`, if its authorities were replaced for this connection; absent: not replaced. */
  readonly configured?: () => Promise<Trust>
  /** The client's identity. `refused`: the server did not accept the last one, so that it is read again. */
  readonly identify: (because: 'needed' | 'refused') => Promise<ClusterIdentity>
  /** Creates the agent for connections through a proxy, over HTTP/1.1. */
  readonly proxy?: (tls: ConnectionOptions) => Promise<Agent>
}

export interface Trust {
  /** PEM; absent: the authorities that Node trusts. */
  readonly ca?: string
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
  /** The name in the server's certificate, if it is not the server's host. */
  readonly serverName?: string
  readonly verify: 'always' | 'never'
}

/** The same object as long as the identity is unchanged. */
export interface ClusterIdentity {
  /** The header's whole value: `Bearer …`. */
  readonly authorization?: Redacted
  /** Impersonation headers, from a kubeconfig. */
  readonly headers?: Readonly<Record<string, string | string[]>>
}
