/**
 * The grants of pullpass, in a ConfigMap of the cluster that they are for: a policy cannot carry a mark. An entry is written before
 * its grant, so that none is lost if the run ends between the two. It also contains what restores a deleted resource.
 */
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readConfigMap, writeConfigMap } from '../kubernetes/objects/config-map.ts'
import type { RecordEntry, TrustRecord } from '../vendors/trust/contract.ts'

export const trustRecordName = 'pullpass-trust'

/** In every one of the clusters. */
export function openRecord(clusters: readonly Cluster[]): TrustRecord {
  const configMapsOf = ({ namespaces }: RecordEntry) =>
    clusters.flatMap((cluster) =>
      namespaces.map((namespace) => ({ cluster, map: { namespace, name: trustRecordName } })),
    )
  const write = async (entry: RecordEntry, text: string | undefined, dryRun: 'all' | 'none' = 'none') => {
    for (const { cluster, map } of configMapsOf(entry))
      await writeConfigMap(cluster, map, { [entry.key]: text }, { dryRun })
  }
  return {
    async read(entry) {
      const found = await Promise.all(configMapsOf(entry).map(({ cluster, map }) => readConfigMap(cluster, map)))
      return found.flatMap((data) => (Object.hasOwn(data, entry.key) ? (data[entry.key] ?? []) : []))
    },
    copies: (entry) => configMapsOf(entry).length,
    write: async (entry) => await write(entry, entry.text),
    dryRun: async (entry) => await write(entry, entry.text, 'all'),
    remove: async (entry) => await write(entry, undefined),
  }
}

/** For --no-record: nothing is recorded, so that grants cannot be removed later. */
export const noRecord: TrustRecord = {
  read: async () => [],
  copies: () => 0,
  write: async () => undefined,
  dryRun: async () => undefined,
  remove: async () => undefined,
}
