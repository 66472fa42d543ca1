/** One look at everything that says which keys are to be public: each API server, its authorities, and the key state. */
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import { readMemory, type StoredMemory } from '../memory/read-memory.ts'
import type { ReplicaAnswers } from '../replicas/ask-replicas.ts'
import { type ReplicaReading, readReplicas } from '../replicas/read-replicas.ts'
import { type Authority, believedOf, parseAuthorities } from './authorities.ts'
import type { WatchWanted } from './watch-wanted.ts'
import { statePatience } from './write-memory.ts'

export interface RoundFacts {
  readonly readings: readonly ReplicaReading[]
  /** `unbelieved`: none that a believed authority vouches for answered, and others were asked. */
  readonly standing: 'believed' | 'unbelieved'
  /** Why it is not known where the API servers are. */
  readonly replicasFault: PullpassError | undefined
  /** As the cluster has it, or why it could not be read. */
  readonly memory: StoredMemory | PullpassError
  /** The CA bundle as it is now, or why it cannot be read. */
  readonly configured: readonly Authority[] | PullpassError
  /** Undefined as long as the key state could not be read. */
  readonly believed: readonly Authority[] | undefined
}

/** `before`: what is believed since the first look that read the key state. */
export async function gatherRound(wanted: WatchWanted, before: RoundFacts['believed']): Promise<RoundFacts> {
  const reading = readMemory(wanted.cluster, wanted.memory, statePatience).catch(asFault)
  const believed = before ?? believedBy(wanted, await reading)
  const [servers, memory, configured] = await Promise.all([
    readServers(wanted, believed),
    reading,
    wanted.cluster.authorities().then(parseAuthorities, asFault),
  ])
  const { answers, fault, standing } = servers
  return { readings: answers, standing, replicasFault: fault, memory, configured, believed }
}

const believedBy = ({ trusted }: WatchWanted, memory: KeyMemory | PullpassError): RoundFacts['believed'] =>
  memory instanceof PullpassError ? undefined : believedOf(trusted, memory.authorities ?? [])

/** Others than believed API servers are sent a credential only where no believed one answers. */
async function readServers(
  { trusted: { pinned }, ...wanted }: WatchWanted,
  believed: RoundFacts['believed'],
): Promise<ReplicaAnswers<ReplicaReading> & Pick<RoundFacts, 'standing'>> {
  if (believed === undefined || believed.length === pinned.length) {
    return { ...(await readReplicas(wanted)), standing: 'believed' }
  }
  if (believed.length > 0) {
    const authorities = believed.map(({ certificate }) => certificate)
    const asked = await readReplicas({ ...wanted, authorities })
    const isRead = asked.answers.some(({ documents }) => !(documents instanceof PullpassError))
    if (isRead) return { ...asked, standing: 'believed' }
  }
  return { ...(await readReplicas(wanted)), standing: 'unbelieved' }
}
