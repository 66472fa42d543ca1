/** One look at everything that says which keys are to be public: each API server, and what is remembered. */
import { listApiServers } from '../../kubernetes/list-api-servers.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import { readMemory } from '../memory/read-memory.ts'
import { type ReplicaReading, readReplica } from './read-replica.ts'
import type { WatchWanted } from './watch-wanted.ts'

export interface RoundFacts {
  readonly readings: readonly ReplicaReading[]
  /** Why it is not known where the API servers are. */
  readonly replicasFault: PullpassError | undefined
  /** As the cluster has it, or why it could not be read. */
  readonly memory: KeyMemory | PullpassError
}

type GatherWanted = Pick<WatchWanted, 'cluster' | 'replicas' | 'account' | 'memory'>

export async function gatherRound(wanted: GatherWanted): Promise<RoundFacts> {
  const { cluster } = wanted
  const [{ readings, replicasFault }, memory] = await Promise.all([
    gatherReadings(wanted),
    readMemory(cluster, wanted.memory).catch(asFault),
  ])
  return { readings, replicasFault, memory }
}

type Readings = Pick<RoundFacts, 'readings' | 'replicasFault'>

async function gatherReadings({ cluster, replicas, account }: GatherWanted): Promise<Readings> {
  const found = replicas.length > 0 ? replicas : await listApiServers(cluster).catch(asFault)
  const read = async (addresses: readonly (URL | undefined)[]) =>
    await Promise.all(addresses.map(async (address) => await readReplica(cluster, address, account)))
  if (found instanceof PullpassError) return { readings: await read([undefined]), replicasFault: found }
  const readings = await read(found.length > 0 ? found : [undefined])
  // Addresses that nobody reaches from here, as those of a managed control plane: then whichever answers is asked.
  const isAnyRead = readings.some(({ documents }) => !(documents instanceof PullpassError))
  return { readings: isAnyRead ? readings : [...readings, ...(await read([undefined]))], replicasFault: undefined }
}
