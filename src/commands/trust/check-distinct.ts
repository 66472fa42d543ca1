/** Several contexts are to be several clusters: one kubeconfig often has two for one, of two users. */
import { sameKey } from '../../issuer/keys/issuer-key.ts'
import type { Log } from '../../outside/outside.ts'
import type { TrustedCluster } from '../../trust/trusted-cluster.ts'
import { usageFault } from '../usage-fault.ts'

type Signing = Pick<TrustedCluster, 'name' | 'issuer' | 'keys'>

/** Two that sign by one name and share no key are two clusters all the same, and it is said. @throws USAGE_INVALID */
export function checkDistinct(clusters: readonly Signing[], command: string, log: Log): void {
  for (const [index, cluster] of clusters.entries()) {
    const twin = clusters.slice(0, index).find(({ issuer }) => issuer === cluster.issuer)
    if (twin === undefined) continue
    const both = `the contexts ${twin.name} and ${cluster.name}`
    if (sharesKey(twin, cluster)) {
      throw usageFault(
        command,
        `${both} are one cluster: both sign as ${cluster.issuer}, with the same key`,
        'each cluster once',
      )
    }
    log('warn', `${both} sign by one name with different keys: only uploaded keys tell them apart`, {
      issuer: cluster.issuer,
    })
  }
}

const sharesKey = ({ keys = [] }: Signing, other: Signing) =>
  keys.some((key) => (other.keys ?? []).some((one) => sameKey(one, key)))
