/** pullpass's own connection to an API server of the contract. Its clock moves by its waits alone: what it waits is what
 *  the server said, however busy the machine is. */
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import type { ApiServerAddress } from './kubernetes-client.ts'

export interface PullpassLine {
  readonly cluster: Cluster
  /** How long it wanted to wait before it asked again. Milliseconds. */
  readonly waits: readonly number[]
  readonly log: readonly string[]
}

/** `wait` stands for each of its waits. */
export function openPullpassLine(
  { url, ca }: ApiServerAddress,
  token: string,
  wait: () => Promise<void> = async () => {},
): PullpassLine {
  const waits: number[] = []
  const log: string[] = []
  const identity = { authorization: new Redacted(`Bearer ${token}`) }
  const access = {
    server: new URL(url),
    trust: async () => ({ ca, verify: 'always' as const }),
    identify: async () => identity,
  }
  let now = Date.now()
  const cluster = openCluster(access, {
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
  })
  return { cluster, waits, log }
}
