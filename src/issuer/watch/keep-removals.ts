/** Revocations that somebody took back: each is written again at once, and an alarm for an hour, so that nobody misses it. */
import { quote } from '../../outside/quote.ts'
import type { Revocation } from '../memory/key-memory.ts'
import type { Alarm } from './alarm.ts'

export interface RevocationRemoval {
  readonly at: Date
  readonly alarm: Alarm
}

const alarmForMs = 3_600_000

/** Those of the last hour, one for each key, and those that were `removed` now. */
export function keepRemovals(
  before: readonly RevocationRemoval[],
  removed: readonly Revocation[],
  now: Date,
): RevocationRemoval[] {
  const added = removed.map(({ keyId, digest }) => ({ at: now, alarm: removedAlarm(keyId ?? digest) }))
  const isOver = ({ at, alarm }: RevocationRemoval) =>
    now.getTime() - at.getTime() >= alarmForMs || added.some((one) => one.alarm.subject === alarm.subject)
  return [...before.filter((one) => !isOver(one)), ...added]
}

const removedAlarm = (subject: string): Alarm => ({
  reason: 'RevocationRemoved',
  subject,
  says: `the revocation of key ${quote(subject)} was taken out of the ConfigMap, or changed there: it holds, and is written back; fix: see who may write the ConfigMap; who means to take it back stops issuer watch first`,
})
