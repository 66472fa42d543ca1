/**
 * What pullpass granted, in a ConfigMap of the cluster that it is for: a policy has no place to say so. It is written before
 * the grant, so that none is forgotten where a run ends between the two. Beside it, what brings back what somebody deletes.
 */
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readConfigMap, writeConfigMap } from '../kubernetes/objects/config-map.ts'
import type { RecordEntry, TrustRecord } from '../vendors/trust-contract.ts'

export const trustRecordName = 'pullpass-trust'

/** In every one of the clusters. */
export function openRecord(clusters: readonly Cluster[]): TrustRecord {
  const places = ({ namespaces }: RecordEntry) =>
    clusters.flatMap((cluster) =>
      namespaces.map((namespace) => ({ cluster, map: { namespace, name: trustRecordName } })),
    )
  const write = async (entry: RecordEntry, text: string | undefined, dryRun: 'all' | 'none' = 'none') => {
    for (const { cluster, map } of places(entry)) await writeConfigMap(cluster, map, { [entry.key]: text }, { dryRun })
  }
  return {
    async read(entry) {
      const found = await Promise.all(places(entry).map(({ cluster, map }) => readConfigMap(cluster, map)))
      return found.flatMap((data) => (Object.hasOwn(data, entry.key) ? (data[entry.key] ?? []) : []))
    },
    copies: (entry) => places(entry).length,
    write: async (entry) => await write(entry, entry.text),
    dryRun: async (entry) => await write(entry, entry.text, 'all'),
    remove: async (entry) => await write(entry, undefined),
  }
}

/** Where none is wanted: nothing is remembered, and nothing of it can be taken back. */
export const noRecord: TrustRecord = {
  read: async () => [],
  copies: () => 0,
  write: async () => undefined,
  dryRun: async () => undefined,
  remove: async () => undefined,
}
