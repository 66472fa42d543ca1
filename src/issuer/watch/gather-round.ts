/** One look at everything that says which keys are to be public: each API server, and what is remembered. */
import { asFault } from '../../outside/as-fault.ts'
import type { PullpassError } from '../../outside/pullpass-error.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import { readMemory } from '../memory/read-memory.ts'
import { type ReplicaReading, readReplicas } from '../replicas/read-replicas.ts'
import type { WatchWanted } from './watch-wanted.ts'

export interface RoundFacts {
  readonly readings: readonly ReplicaReading[]
  /** Why it is not known where the API servers are. */
  readonly replicasFault: PullpassError | undefined
  /** As the cluster has it, or why it could not be read. */
  readonly memory: KeyMemory | PullpassError
}

export async function gatherRound(wanted: WatchWanted): Promise<RoundFacts> {
  const [{ answers, fault }, memory] = await Promise.all([
    readReplicas(wanted),
    readMemory(wanted.cluster, wanted.memory).catch(asFault),
  ])
  return { readings: answers, replicasFault: fault, memory }
}
