/**
 * Stores the state after a round, in its ConfigMap:
 *
 *   changes are due ─────▶ write
 *   none are due ────────▶ dry run of the changes that will be due: a permission, policy or webhook that refuses them is noticed
 *   the object is large ─▶ alarm, before a write fails: a dry run does not reach etcd, which limits the size
 *
 * A state that cannot be stored is an alarm in the same round.
 */

import { PullpassError } from '../../errors/pullpass-error.ts'
import { writeConfigMap } from '../../kubernetes/objects/config-map.ts'
import { type KeyState, keyStateChanges, type StoredKeyState } from '../key-state.ts'
import { keyStateFault, nearlyFullFault } from '../key-state-errors.ts'
import { type Alarm, faultAlarm } from './alarm.ts'
import type { WatchConfig } from './state.ts'

/** How often the last sight of a known key is stored: each costs the cluster a write. */
const recordEveryMs = 10 * 60_000
/** Of a request in a round: a slow or failing one must not delay the alarm. */
export const stateRetry = { retryForMs: 5_000, timeoutMs: 10_000 } as const

/** Writes only what differs from what is `stored`. */
export async function writeKeyState(
  keyState: KeyState,
  { stored, now }: { readonly stored: StoredKeyState; readonly now: Date },
  { cluster, keyStateRef: place }: Pick<WatchConfig, 'cluster' | 'keyStateRef'>,
): Promise<Alarm[]> {
  const due = keyStateChanges(stored, withStoredSights(keyState, stored, now))
  const [changes, dryRun] = isEmpty(due)
    ? ([keyStateChanges(stored, keyState), 'all'] as const)
    : ([due, 'none'] as const)
  try {
    if (!isEmpty(changes)) await writeConfigMap(cluster, place, changes, { dryRun, ...stateRetry })
    return unwritten(nearlyFullFault(stored.storedBytes, place))
  } catch (error) {
    const fault = keyStateFault(error, place)
    if (!(fault instanceof PullpassError)) throw fault
    return unwritten(fault)
  }
}

const isEmpty = (changes: object) => Object.keys(changes).length === 0

const unwritten = (fault: PullpassError | undefined): Alarm[] =>
  fault === undefined ? [] : [faultAlarm('KEY_STATE_UNWRITABLE', '', fault)]

/** A key that was stored recently is left as it is; a time in the future is corrected. */
function withStoredSights(keyState: KeyState, stored: KeyState, now: Date): KeyState {
  const known = new Map(stored.keys.map((one) => [one.key.keyId, one]))
  const keys = keyState.keys.map((one) => {
    const there = known.get(one.key.keyId)
    const ageMs = now.getTime() - (there?.lastSeenAt.getTime() ?? 0)
    return there !== undefined && ageMs >= 0 && ageMs < recordEveryMs ? { ...one, lastSeenAt: there.lastSeenAt } : one
  })
  return { ...keyState, keys }
}
