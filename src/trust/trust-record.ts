/**
 * Which grants pullpass made, in a ConfigMap of the cluster that they are for: a policy has no place to say so. It is
 * written before the grant, so that none is forgotten where a run ends between the two.
 */
import { createHash } from 'node:crypto'
import type { Cluster } from '../kubernetes/cluster.ts'
import { readConfigMap, writeConfigMap } from '../kubernetes/config-map.ts'
import { grantName, targetName, type WantedGrant, type WantedTrust } from './wanted-trust.ts'

const recordName = 'pullpass-trust'

export interface TrustRecord {
  readonly has: (grant: WantedGrant) => Promise<boolean>
  readonly add: (grant: WantedGrant) => Promise<void>
  readonly remove: (grant: WantedGrant) => Promise<void>
}

/** In every cluster, in the namespaces of the accounts that need the grant. */
export function openRecord(clusters: readonly Cluster[], { recordedIn }: WantedTrust): TrustRecord {
  const places = (grant: WantedGrant) =>
    clusters.flatMap((cluster) =>
      (recordedIn.get(grantName(grant)) ?? []).map((namespace) => ({ cluster, map: { namespace, name: recordName } })),
    )
  const write = async (grant: WantedGrant, text: string | undefined) => {
    for (const { cluster, map } of places(grant)) await writeConfigMap(cluster, map, { [keyOf(grant)]: text })
  }
  return {
    async has(grant) {
      const found = await Promise.all(places(grant).map(({ cluster, map }) => readConfigMap(cluster, map)))
      return found.some((data) => Object.hasOwn(data, keyOf(grant)))
    },
    add: async (grant) => await write(grant, describe(grant)),
    remove: async (grant) => await write(grant, undefined),
  }
}

/** Where none is wanted: nothing is remembered, and nothing of it can be taken back. */
export const noRecord: TrustRecord = {
  has: async () => false,
  add: async () => undefined,
  remove: async () => undefined,
}

/** Keys of a ConfigMap hold no `/` and `:`. */
const keyOf = (grant: WantedGrant) =>
  `grant-${createHash('sha256').update(grantName(grant)).digest('hex').slice(0, 16)}`

const describe = ({ on, role, member }: WantedGrant) => JSON.stringify({ role, on: targetName(on), member })
