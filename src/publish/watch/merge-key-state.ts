/**
 * Merges the stored key state with that of this process: the latest time each key was seen, and the revocations of both.
 * Otherwise a client that can write the ConfigMap could remove a revocation, and the leaked key would be published while it is served.
 */
import { type IssuerKey, sameKey } from '../../oidc/keys.ts'
import { digestOf, isRevoked, type KeyState, type RecordedKey, type Revocation } from '../key-state.ts'

export interface MergedKeyState extends KeyState {
  /** Revocations that this process knows, and that were removed from the stored key state since, or changed there. */
  readonly removed: readonly Revocation[]
}

/** Of keys that were never served or published: forged revocations, replaced again and again, do not fill the key state. */
const maxUnobserved = 100

/**
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
    keys: mergeSights(found.keys, own.keys, new Set(observed.map(({ keyId }) => keyId))),
    revocations: [...removed, ...found.revocations.filter(({ digest }) => !taken.has(digest))],
    removed,
  }
}

/**
 * Another writer may have added the key that this process did not know, or replaced a forged one, that another client
 * made up; taken away, it would pass under another kid.
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

function mergeSights(
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
