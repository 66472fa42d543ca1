/**
 * The key state of a watch, and the one that is stored in the ConfigMap, which other clients may change: merged when it is read, and
 * written after a round.
 */

import { PullpassError } from '../../errors/pullpass-error.ts'
import { writeConfigMap } from '../../kubernetes/objects/config-map.ts'
import { type IssuerKey, sameKey } from '../../oidc/keys.ts'
import {
  digestOf,
  isRevoked,
  type KeyState,
  keyStateChanges,
  type RecordedKey,
  type Revocation,
  type StoredKeyState,
} from '../key-state.ts'
import { keyStateFault, nearlyFullFault } from '../key-state-errors.ts'
import { type Alarm, faultAlarm } from './alarms.ts'
import type { WatchConfig } from './watch-config.ts'

export interface MergedKeyState extends KeyState {
  /** Revocations that this process knows, and that were removed from the stored key state since, or changed there. */
  readonly removed: readonly Revocation[]
}

/** Of keys that were never served or published: forged revocations, replaced again and again, do not fill the key state. */
const maxUnobserved = 100

/**
 * The latest time that each key was seen, and the revocations of both: otherwise a client that can write the ConfigMap could remove a
 * revocation, and the leaked key would be published while it is served.
 * `own`: undefined before the first round; then everything that was read is valid. A key of it that was not read again stays only if it is
 * `observed`, served to this process or published: forged keys, replaced again and again, do not fill the key state
 * either. By them it is also seen which of two keys a revocation is of.
 */
export function mergeKeyStates(
  found: KeyState,
  own: KeyState | undefined,
  observed: readonly IssuerKey[],
): MergedKeyState {
  if (own === undefined) return { ...found, removed: [] }
  const there = new Map(found.revocations.map((one) => [one.digest, one]))
  const removed = keepFew(
    own.revocations.filter((one) => !isSame(there.get(one.digest), one, observed)),
    observed,
  )
  const taken = new Set(removed.map(({ digest }) => digest))
  return {
    keys: mergeRecordedKeys(found.keys, own.keys, new Set(observed.map(({ keyId }) => keyId))),
    revocations: [...removed, ...found.revocations.filter(({ digest }) => !taken.has(digest))],
    removed,
  }
}

/**
 * Another writer may have added the key that this process did not know, or replaced a forged one. Without the key, the same key under
 * another kid would not be revoked.
 */
function isSame(found: Revocation | undefined, own: Revocation, observed: readonly IssuerKey[]): boolean {
  if (found === undefined || own.key === undefined) return found !== undefined
  const { key, digest } = found
  if (key === undefined) return false
  return sameKey(key, own.key) || observed.some((one) => digestOf(one.keyId) === digest && sameKey(one, key))
}

/** The earliest, so that none is pushed out by later ones. */
function keepFew(revocations: readonly Revocation[], observed: readonly IssuerKey[]): Revocation[] {
  const isObserved = (one: Revocation) => observed.some((key) => isRevoked({ revocations: [one] }, key))
  const few = new Set(revocations.filter((one) => !isObserved(one)).slice(0, maxUnobserved))
  return revocations.filter((one) => isObserved(one) || few.has(one))
}

function mergeRecordedKeys(
  found: readonly RecordedKey[],
  own: readonly RecordedKey[],
  observed: ReadonlySet<string | undefined>,
): RecordedKey[] {
  const keys = new Map(found.map((one) => [one.key.keyId, one]))
  for (const one of own) {
    const other = keys.get(one.key.keyId)
    const isLatest = other === undefined ? observed.has(one.key.keyId) : other.lastSeenAt < one.lastSeenAt
    const publishedAt = other?.publishedAt ?? one.publishedAt
    if (isLatest) keys.set(one.key.keyId, { ...one, ...(publishedAt && { publishedAt }) })
  }
  return [...keys.values()]
}

// The state after a round is written to the ConfigMap:
//
//   changes are due ─────▶ write
//   none are due ────────▶ dry run of the changes that will be due: a permission, policy or webhook that refuses them is noticed
//   the object is large ─▶ alarm, before a write fails: a dry run does not reach etcd, which limits the size
//
// A state that cannot be stored is an alarm in the same round.

/** How often the time at which a known key was last seen is stored: each time is a write. */
const recordEveryMs = 10 * 60_000
/** Of a request in a round: a slow or failing one must not delay the alarm. */
export const stateRetry = { retryForMs: 5_000, timeoutMs: 10_000 } as const

/** Writes only what differs from what is `stored`. */
export async function writeKeyState(
  keyState: KeyState,
  { stored, now }: { readonly stored: StoredKeyState; readonly now: Date },
  { cluster, keyStateRef }: Pick<WatchConfig, 'cluster' | 'keyStateRef'>,
): Promise<Alarm[]> {
  const due = keyStateChanges(stored, withStoredTimes(keyState, stored, now))
  const [changes, dryRun] = isEmpty(due)
    ? ([keyStateChanges(stored, keyState), 'all'] as const)
    : ([due, 'none'] as const)
  try {
    if (!isEmpty(changes)) await writeConfigMap(cluster, keyStateRef, changes, { dryRun, ...stateRetry })
    return unwritten(nearlyFullFault(stored.storedBytes, keyStateRef))
  } catch (error) {
    const fault = keyStateFault(error, keyStateRef)
    if (!(fault instanceof PullpassError)) throw fault
    return unwritten(fault)
  }
}

const isEmpty = (changes: object) => Object.keys(changes).length === 0

const unwritten = (fault: PullpassError | undefined): Alarm[] =>
  fault === undefined ? [] : [faultAlarm('KEY_STATE_UNWRITABLE', '', fault)]

/** A key that was stored recently is left as it is; a time in the future is corrected. */
function withStoredTimes(keyState: KeyState, stored: KeyState, now: Date): KeyState {
  const known = new Map(stored.keys.map((one) => [one.key.keyId, one]))
  const keys = keyState.keys.map((one) => {
    const there = known.get(one.key.keyId)
    const ageMs = now.getTime() - (there?.lastSeenAt.getTime() ?? 0)
    return there !== undefined && ageMs >= 0 && ageMs < recordEveryMs ? { ...one, lastSeenAt: there.lastSeenAt } : one
  })
  return { ...keyState, keys }
}
