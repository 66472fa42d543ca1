/** What each API server serves, and what it signs. */
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { listApiServers } from '../../kubernetes/objects/api-servers.ts'
import { type ClusterIssuer, freshToken, readClusterIssuer } from './cluster-issuer.ts'

export interface ApiServersConfig {
  readonly cluster: Cluster
  /** API servers; empty: those of the EndpointSlices of Service `kubernetes`. */
  readonly replicas: readonly URL[]
  /** The service account whose token is requested, to find the signing key. */
  readonly account: NamespacedName
  /** PEM: only API servers with certificates of these authorities are queried; absent: as the cluster's connection trusts. */
  readonly authorities?: readonly string[]
}

export interface ApiServerReading {
  /** `https://10.0.0.1:6443`. */
  readonly from: string
  readonly documents: ClusterIssuer | PullpassError
  readonly token: SubjectToken | PullpassError
}

/** Rejects only when the run ends. */
export const readApiServers = async (config: ApiServersConfig): Promise<ApiServerResponses<ApiServerReading>> =>
  await queryApiServers(config.cluster, config.replicas, {
    async query(replica, from) {
      const [documents, token] = await Promise.all([
        readClusterIssuer(replica).catch(asFault),
        freshToken(replica, config.account).catch(asFault),
      ])
      return { from, documents, token }
    },
    isRead: ({ documents }) => !(documents instanceof PullpassError),
    ...(config.authorities && { authorities: config.authorities }),
    timeoutMs: 8_000,
  })

/**
 * Queries each API server of a cluster over a separate connection: during a roll-out they differ.
 *
 *   --replica URL …, else the EndpointSlices of Service `kubernetes` ─▶ each by its address
 *   where none is known, or none could be reached ───────────────────▶ the one at the cluster's own address
 */
export interface ApiServerQuery<T> {
  /** `from` names the API server: `https://10.0.0.1:6443`. Errors are not caught here: the query returns a refusal in its response. */
  readonly query: (replica: Cluster, from: string) => Promise<T>
  /** Whether a response is useful. If none is, the cluster's own address is queried. */
  readonly isRead: (response: T) => boolean
  /** PEM: only API servers with certificates of these authorities are queried; absent: as the cluster's connection trusts. */
  readonly authorities?: readonly string[]
  /** For each API server: one that does not respond must not delay the others. */
  readonly timeoutMs: number
}

export interface ApiServerResponses<T> {
  /** At least one, in the order of the addresses; that at the cluster's own address is last. */
  readonly responses: readonly T[]
  /** `any`: none could be reached at its own address, and the cluster's address was queried instead. */
  readonly queried: 'each' | 'any'
  /** Why it is not known where the API servers are. */
  readonly fault: PullpassError | undefined
}

/** `replicas` empty: those that the cluster itself lists. */
export async function queryApiServers<T>(
  cluster: Cluster,
  replicas: readonly URL[],
  query: ApiServerQuery<T>,
): Promise<ApiServerResponses<T>> {
  const found = replicas.length > 0 ? replicas : await listApiServers(cluster).catch(asFault)
  const anyOne = async () => await queryApiServer(cluster, undefined, query)
  if (found instanceof PullpassError) return { responses: [await anyOne()], queried: 'any', fault: found }
  const responses = await Promise.all(found.map(async (address) => await queryApiServer(cluster, address, query)))
  if (responses.some(query.isRead)) return { responses, queried: 'each', fault: undefined }
  // Addresses that cannot be reached from here, such as those of a managed control plane.
  return { responses: [...responses, await anyOne()], queried: 'any', fault: undefined }
}

async function queryApiServer<T>(
  cluster: Cluster,
  address: URL | undefined,
  { query, timeoutMs, authorities }: ApiServerQuery<T>,
): Promise<T> {
  const from = address?.href.replace(/\/$/, '') ?? cluster.server
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(tooSlow(from, timeoutMs)), timeoutMs)
  const replica = cluster.reconnect({
    ...(address && { address }),
    ...(authorities && { authorities }),
    signal: over.signal,
  })
  try {
    return await query(replica, from)
  } finally {
    clearTimeout(timer)
    await replica.close()
  }
}

const tooSlow = (from: string, timeoutMs: number) =>
  new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `the API server at ${from} did not respond within ${timeoutMs / 1000} s`,
    expected: 'a response in time',
    hint: 'check that this address is reachable from here, and that this API server is healthy',
    retryable: true,
  })
