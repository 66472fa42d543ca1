/** One connection to one API server: a request with its answer, and nothing of what it is about. */

import type { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import type { Redacted } from '../../text/redacted.ts'
import type { SecretRegister } from '../../text/secret-register.ts'

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Path with query, encoded: `/api/v1/namespaces?limit=500`. */
  readonly path: string
  readonly accept?: string
  readonly contentType?: string
  /** What holds a secret is composed and opened when it is sent: a request that waits its turn keeps no copy. */
  readonly body?: string | (() => Redacted)
  /** A longer answer is not read to its end. Bytes; absent: 1 MiB. */
  readonly maxResponseBytes?: number
  /** How long one attempt may take from its sending to its answer's end. Absent: 60 s. */
  readonly timeoutMs?: number
  /** How long it is sent again while that may help, from its first attempt. Absent: 2 min. */
  readonly retryForMs?: number
}

export interface ClusterResponse {
  readonly status: number
  /** Bounded; JSON text where the API server answered as itself. */
  readonly body: string
}

export interface Cluster {
  /** For messages: `https://10.0.0.1:443`. */
  readonly server: string
  /** The run's: an answer that repeats one is not quoted. */
  readonly secrets: SecretRegister
  /**
   * Sends one request, and again while that may help: after 429 (when Retry-After says), 5xx, a reset, a GOAWAY.
   * Resolves with the last answer, whatever its status.
   * @throws KUBERNETES_UNREACHABLE, CERTIFICATE_UNTRUSTED, RESPONSE_TOO_LARGE, INTERRUPTED, TIMED_OUT
   */
  request(wanted: ClusterRequest): Promise<ClusterResponse>
  /** The same cluster over a connection of its own, closed by itself: behind a load balancer perhaps another API server. */
  reconnect(wanted?: Reconnection): Cluster
  /**
   * The certificates (PEM) that vouch for its API servers as they are configured now: a Pod's file may have changed since this
   * connection was opened. Empty where the authorities are those that Node trusts. @throws CA_FILE_INVALID
   */
  authorities(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface Reconnection {
  /** Of one API server: certificates of every one of them hold for `kubernetes.default.svc`, which is asked for there. */
  readonly address?: URL
  /** Ends it, beside what ends the run. */
  readonly signal?: AbortSignal
  /** PEM certificates that alone vouch for its API servers from now on, whatever is configured later. */
  readonly authorities?: readonly string[]
}

/** How one API server is reached, and as whom: what a kubeconfig or a pod's folder says, before anything is connected. */
export interface ClusterAccess {
  /** `https:` or `http:`; its path, where it has one, comes before every request's. */
  readonly server: URL
  /** Read anew for each connection: authorities and client certificates rotate. */
  readonly trust: () => Promise<Trust>
  /** What `trust` was before its authorities were replaced for this connection; absent: it is as configured. */
  readonly configured?: () => Promise<Trust>
  /** Who asks. `refused`: the server did not take the last one, so that a newer one is looked for. */
  readonly identify: (because: 'asked' | 'refused') => Promise<ClusterIdentity>
  /** Makes what makes the connections, where a proxy stands between: HTTP/1.1 then. */
  readonly proxy?: (tls: ConnectionOptions) => Promise<Agent>
}

export interface Trust {
  /** PEM; absent: the authorities that Node trusts. */
  readonly ca?: string
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
  /** The name in the server's certificate, where it is not the server's host. */
  readonly serverName?: string
  readonly verify: 'always' | 'never'
}

/** The same object as long as nothing changed. */
export interface ClusterIdentity {
  /** The header's whole value: `Bearer …`. */
  readonly authorization?: Redacted
  /** Impersonation, as a kubeconfig asks for it. */
  readonly headers?: Readonly<Record<string, string | string[]>>
}
