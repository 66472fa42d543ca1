/** Writes down what would be missed if somebody deleted a resource; what cannot be written is no failure of the resource. */
import type { Log } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { RecordEntry, TrustRecord } from './trust-record.ts'

export async function remember(entry: RecordEntry | undefined, record: TrustRecord, log: Log): Promise<void> {
  if (entry === undefined) return
  try {
    const texts = await record.read(entry)
    if (texts.length < record.places(entry) || texts.some((text) => text !== entry.text)) await record.write(entry)
  } catch (fault) {
    if (!(fault instanceof PullpassError)) throw fault
    log('warn', 'what brings a deleted one back could not be recorded', { entry: entry.text, seen: fault.seen })
  }
}
