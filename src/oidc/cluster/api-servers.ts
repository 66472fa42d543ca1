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
  /** Whose token is requested, for nobody, to see what signs. */
  readonly account: NamespacedName
  /** PEM: only API servers that these vouch for are asked; absent: those that the cluster's connection trusts. */
  readonly authorities?: readonly string[]
}

export interface ApiServerReading {
  /** `https://10.0.0.1:6443`. */
  readonly from: string
  readonly documents: ClusterIssuer | PullpassError
  readonly token: SubjectToken | PullpassError
}

/** Never rejects, but where the run ends. */
export const readApiServers = async (wanted: ApiServersConfig): Promise<ApiServerAnswers<ApiServerReading>> =>
  await queryApiServers(wanted.cluster, wanted.replicas, {
    async ask(replica, from) {
      const [documents, token] = await Promise.all([
        readClusterIssuer(replica).catch(asFault),
        freshToken(replica, wanted.account).catch(asFault),
      ])
      return { from, documents, token }
    },
    isRead: ({ documents }) => !(documents instanceof PullpassError),
    ...(wanted.authorities && { authorities: wanted.authorities }),
    timeoutMs: 8_000,
  })

/**
 * Asks each API server of a cluster the same, over a connection of its own: in the middle of a roll-out they differ.
 *
 *   --replica URL …, else the EndpointSlices of Service `kubernetes` ─▶ each by its address
 *   where none is known, or none could be reached ───────────────────▶ whichever answers at the cluster's own address
 */
export interface ReplicaQuestion<T> {
  /** `from` names the API server: `https://10.0.0.1:6443`. What it refuses belongs into the answer: nothing is caught here. */
  readonly ask: (replica: Cluster, from: string) => Promise<T>
  /** Whether an answer says something, so that nobody else needs to be asked. */
  readonly isRead: (answer: T) => boolean
  /** PEM: only API servers that these vouch for are asked; absent: those that the cluster's connection trusts. */
  readonly authorities?: readonly string[]
  /** One that hangs must not keep the others' news waiting. */
  readonly timeoutMs: number
}

export interface ApiServerAnswers<T> {
  /** At least one, in the order of the addresses; of whichever answered in place of them last. */
  readonly answers: readonly T[]
  /** `any`: none of them could be reached by an address of its own, and so whichever answers was asked. */
  readonly asked: 'each' | 'any'
  /** Why it is not known where the API servers are. */
  readonly fault: PullpassError | undefined
}

/** `replicas` empty: those that the cluster itself lists. */
export async function queryApiServers<T>(
  cluster: Cluster,
  replicas: readonly URL[],
  question: ReplicaQuestion<T>,
): Promise<ApiServerAnswers<T>> {
  const found = replicas.length > 0 ? replicas : await listApiServers(cluster).catch(asFault)
  const anyOne = async () => await askReplica(cluster, undefined, question)
  if (found instanceof PullpassError) return { answers: [await anyOne()], asked: 'any', fault: found }
  const answers = await Promise.all(found.map(async (address) => await askReplica(cluster, address, question)))
  if (answers.some(question.isRead)) return { answers, asked: 'each', fault: undefined }
  // Addresses that nobody reaches from here, as those of a managed control plane.
  return { answers: [...answers, await anyOne()], asked: 'any', fault: undefined }
}

async function askReplica<T>(
  cluster: Cluster,
  address: URL | undefined,
  { ask, timeoutMs, authorities }: ReplicaQuestion<T>,
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
    return await ask(replica, from)
  } finally {
    clearTimeout(timer)
    await replica.close()
  }
}

const tooSlow = (from: string, timeoutMs: number) =>
  new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `the API server at ${from} did not answer within ${timeoutMs / 1000} s`,
    expected: 'what it was asked for',
    hint: 'see that this address is reachable from here, and that this API server is well',
    retryable: true,
  })
