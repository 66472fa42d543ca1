/** One connection to one API server: a request with its answer, and nothing of what it is about. */
import type { Redacted } from '../outside/redacted.ts'
import type { SecretRegister } from '../outside/secret-register.ts'

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Path with query, encoded: `/api/v1/namespaces?limit=500`. */
  readonly path: string
  readonly accept?: string
  readonly contentType?: string
  /** What holds a secret is composed and opened when it is sent: a request that waits its turn keeps no copy. */
  readonly body?: string | (() => Redacted)
  /** A longer answer is not read to its end. Bytes; absent: 1 MiB. */
  readonly maxAnswerBytes?: number
  /** How long one attempt may take from its sending to its answer's end. Absent: 60 s. */
  readonly longestMs?: number
  /** How long it is sent again while that may help, from its first attempt. Absent: 2 min. */
  readonly retryForMs?: number
}

export interface ClusterAnswer {
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
   * @throws KUBERNETES_UNREACHABLE, CERTIFICATE_UNTRUSTED, ANSWER_TOO_LARGE, INTERRUPTED, TIMED_OUT
   */
  request(wanted: ClusterRequest): Promise<ClusterAnswer>
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
