/**
 * What pullpass granted, in a ConfigMap of the cluster that it is for: a policy has no place to say so. It is written before
 * the grant, so that none is forgotten where a run ends between the two. Beside it, what brings back what somebody deletes.
 */
import { createHash } from 'node:crypto'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readConfigMap, writeConfigMap } from '../kubernetes/objects/config-map.ts'

export const trustRecordName = 'pullpass-trust'

export interface RecordEntry {
  /** Of the ConfigMap: `grant-…`, `account-…`. */
  readonly key: string
  /** JSON, for people too. */
  readonly text: string
  /** Of the accounts that need what it tells of: in each of them it is recorded. */
  readonly namespaces: readonly string[]
}

export interface TrustRecord {
  /** What is written of it, in each place where something is. */
  readonly read: (entry: RecordEntry) => Promise<string[]>
  /** In how many places it is to be written. */
  readonly places: (entry: RecordEntry) => number
  readonly write: (entry: RecordEntry) => Promise<void>
  /** As `write`, and nothing is stored. */
  readonly rehearse: (entry: RecordEntry) => Promise<void>
  readonly strike: (entry: RecordEntry) => Promise<void>
}

/** Keys of a ConfigMap hold no `/` and `:`. */
export const recordKey = (kind: string, name: string): string =>
  `${kind}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`

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
    places: (entry) => places(entry).length,
    write: async (entry) => await write(entry, entry.text),
    rehearse: async (entry) => await write(entry, entry.text, 'all'),
    strike: async (entry) => await write(entry, undefined),
  }
}

/** Where none is wanted: nothing is remembered, and nothing of it can be taken back. */
export const noRecord: TrustRecord = {
  read: async () => [],
  places: () => 0,
  write: async () => undefined,
  rehearse: async () => undefined,
  strike: async () => undefined,
}
