/** Since when keys are public, and from when on each may sign: the time for which an operator waits in a rotation. */
import type { Context } from '../../http/context.ts'
import type { EventRecorder } from '../../server/events.ts'
import type { KeyState, RecordedKey } from '../key-state.ts'
import { type SafeKey, safeKeySentence, safeToSignAt } from '../safe-to-sign.ts'
import type { RoundEvaluation } from './evaluate-round.ts'
import type { Publishing } from './publish-round.ts'

/**
 * Records when each key was first read anonymously. A key that was added is public since then; one that was public before this process
 * started, since the recorded time, or since now.
 */
export function notePublished(keyState: KeyState, publishing: Publishing, before: Publishing, now: Date): KeyState {
  const isRead = publishing !== before && publishing.readBack === 'as written'
  const added = new Set(publishing === before ? [] : publishing.added.map(({ keyId }) => keyId))
  const published = new Set(publishing.published.map(({ keyId }) => keyId))
  const note = (one: RecordedKey): RecordedKey => {
    const { publishedAt, ...rest } = one
    if (!published.has(one.key.keyId) || (added.has(one.key.keyId) && !isRead)) return rest
    if (publishing.readBack === 'otherwise') return one
    return { ...rest, publishedAt: added.has(one.key.keyId) ? now : (publishedAt ?? now) }
  }
  return { ...keyState, keys: keyState.keys.map(note) }
}

/** Of keys that are published and that an API server serves, so that it could sign with them. */
export function safeKeysOf(
  { keys }: KeyState,
  { servedSeconds }: Publishing,
  { served, signing }: Pick<RoundEvaluation, 'served' | 'signing'>,
): SafeKey[] {
  return keys.flatMap(({ key: { keyId }, publishedAt }) =>
    keyId === undefined || publishedAt === undefined || !served.some((key) => key.keyId === keyId)
      ? []
      : [{ keyId, at: safeToSignAt(publishedAt, servedSeconds), signs: signing.has(keyId) }],
  )
}

/** Logs each time in the future once, and writes an Event. */
export async function announceSafeKeys(
  keys: readonly SafeKey[],
  before: readonly SafeKey[],
  events: EventRecorder,
  { now: clock, log }: Pick<Context, 'now' | 'log'>,
): Promise<void> {
  const now = clock()
  const isAnnounced = ({ keyId, at }: SafeKey) =>
    before.some((one) => one.keyId === keyId && one.at.getTime() === at.getTime())
  for (const key of keys.filter((one) => one.at > now && !isAnnounced(one)).slice(0, maxPerRound)) {
    const message = safeKeySentence(key, now) ?? ''
    log('info', 'a key is public', { details: message })
    const subject = `${key.keyId} ${key.at.toISOString()}`
    await events.record([{ type: 'Normal', reason: 'KeyPublished', subject, message }])
  }
}

const maxPerRound = 5
