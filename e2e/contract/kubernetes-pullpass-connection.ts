/** pullpass's own connection to an API server of the contract. Its clock moves by its waits alone: what it waits is what
 *  the server said, however busy the machine is. */
import type { Cluster, ClusterContext } from '../../src/kubernetes/connection/cluster.ts'
import { type ClusterLimits, defaultLimits, openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import type { ApiServerAddress } from './kubernetes-client.ts'

export interface PullpassConnection {
  readonly cluster: Cluster
  readonly context: ClusterContext
  /** How long it wanted to wait before it asked again. Milliseconds. */
  readonly waits: readonly number[]
  readonly log: readonly string[]
}

interface ConnectionOptions {
  /** In place of each of its waits. */
  readonly wait?: () => Promise<void>
  readonly limits?: Partial<ClusterLimits> | undefined
}

export function openPullpassConnection(
  { url, ca }: ApiServerAddress,
  token: string,
  { wait = async () => {}, limits = {} }: ConnectionOptions = {},
): PullpassConnection {
  const waits: number[] = []
  const log: string[] = []
  const identity = { authorization: new Redacted(`Bearer ${token}`) }
  const access = {
    server: new URL(url),
    trust: async () => ({ ca, verify: 'always' as const }),
    identify: async () => identity,
  }
  let now = Date.now()
  const context: ClusterContext = {
    now: () => new Date(now),
    random: () => 0.5,
    async sleep(ms) {
      waits.push(ms)
      now += ms
      await wait()
    },
    signal: new AbortController().signal,
    log: (_, sentence) => log.push(sentence),
    secrets: new SecretRegister(),
  }
  return { cluster: openCluster(access, context, { ...defaultLimits, ...limits }), context, waits, log }
}
