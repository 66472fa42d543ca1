/** Writes down what is remembered after a look; that it cannot be is an alarm. */
import { writeConfigMap } from '../../kubernetes/config-map.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { KeyMemory } from '../memory/key-memory.ts'
import { memoryChanges } from '../memory/memory-changes.ts'
import { memoryFault } from '../memory/memory-fault.ts'
import type { Alarm } from './alarm.ts'
import { faultSentence } from './fault-sentence.ts'
import type { WatchWanted } from './watch-wanted.ts'

/** A sight of a key that is known is written down this often: it costs the cluster a write. */
const rememberEveryMs = 10 * 60_000

/** Only what differs from what is `stored`. */
export async function writeMemory(
  memory: KeyMemory,
  { stored, now }: { readonly stored: KeyMemory; readonly now: Date },
  { cluster, memory: place }: Pick<WatchWanted, 'cluster' | 'memory'>,
): Promise<Alarm[]> {
  const changes = memoryChanges(stored, withStoredSights(memory, stored, now))
  if (Object.keys(changes).length === 0) return []
  try {
    await writeConfigMap(cluster, place, changes)
    return []
  } catch (error) {
    const fault = memoryFault(error, place)
    if (!(fault instanceof PullpassError)) throw fault
    return [{ reason: 'MemoryUnwritten', subject: '', says: faultSentence(fault) }]
  }
}

/** A key that was written down lately is left as it stands there; a sight in the future is put right. */
function withStoredSights(memory: KeyMemory, stored: KeyMemory, now: Date): KeyMemory {
  const known = new Map(stored.keys.map((one) => [one.key.keyId, one]))
  const keys = memory.keys.map((one) => {
    const there = known.get(one.key.keyId)
    const ageMs = now.getTime() - (there?.lastSeenAt.getTime() ?? 0)
    return there !== undefined && ageMs >= 0 && ageMs < rememberEveryMs ? { ...one, lastSeenAt: there.lastSeenAt } : one
  })
  return { ...memory, keys }
}
