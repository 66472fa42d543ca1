/** pullpass's own connection to an API server of the contract. Its clock advances only by its delays, so that they depend
 *  on the server's responses and not on the load of the machine. */
import type { Cluster, ClusterContext } from '../../src/kubernetes/connection/cluster.ts'
import { type ClusterLimits, defaultLimits, openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import type { ApiServerAddress } from './kubernetes-client.ts'

export interface PullpassConnection {
  readonly cluster: Cluster
  readonly context: ClusterContext
  /** Requested delays between attempts. Milliseconds. */
  readonly waits: readonly number[]
  readonly log: readonly string[]
  /** `GET /api/v1/secrets?watch=1`, in the order in which they were sent. */
  readonly requests: readonly string[]
}

interface ConnectionOptions {
  /** Replaces each of its delays. */
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
  const requests: string[] = []
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
    log(_, sentence, fields) {
      log.push(sentence)
      if (sentence === 'a request to the API server') requests.push(`${fields?.['method']} ${fields?.['path']}`)
    },
    secrets: new SecretRegister(),
  }
  return { cluster: openCluster(access, context, { ...defaultLimits, ...limits }), context, waits, log, requests }
}
