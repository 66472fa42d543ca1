/**
 * What the cluster remembers, and what this process does: of each key the latest sight, and every revocation that either knows.
 * Whoever may write the ConfigMap could else take a revocation back, and the leaked key be public again as long as it is served.
 */
import { type IssuerKey, sameKey } from '../../oidc/keys.ts'
import { digestOf, isRevoked, type KeyState, type RecordedKey, type Revocation } from '../key-state.ts'

export interface MergedKeyState extends KeyState {
  /** Revocations that this process knows, and that somebody took out of the cluster's memory since, or changed there. */
  readonly removed: readonly Revocation[]
}

/** Of those that are of no key which anybody served or published: whoever writes some, and others over them, fills no memory. */
const mostUnvouched = 100

/**
 * `own`: undefined before the first look; then all that is found holds. A key of it that is found no more stays only where it is
 * `vouched`, served to this process or public: whoever writes keys into the ConfigMap, and others over them, fills no memory
 * either. By them it is also seen which of two keys a revocation is of.
 */
export function mergeKeyStates(
  found: KeyState,
  own: KeyState | undefined,
  vouched: readonly IssuerKey[],
): MergedKeyState {
  if (own === undefined) return { ...found, removed: [] }
  const there = new Map(found.revocations.map((one) => [one.digest, one]))
  const removed = keepFew(
    own.revocations.filter((one) => !stillSays(there.get(one.digest), one, vouched)),
    vouched,
  )
  const taken = new Set(removed.map(({ digest }) => digest))
  return {
    keys: mergeSights(found.keys, own.keys, new Set(vouched.map(({ keyId }) => keyId))),
    revocations: [...removed, ...found.revocations.filter(({ digest }) => !taken.has(digest))],
    removed,
  }
}

/**
 * Another writer may have added the key that this process did not know, or put the real one in the place of one that somebody
 * made up; taken away, it would pass under another kid.
 */
function stillSays(found: Revocation | undefined, own: Revocation, vouched: readonly IssuerKey[]): boolean {
  if (found === undefined || own.key === undefined) return found !== undefined
  const { key, digest } = found
  if (key === undefined) return false
  return sameKey(key, own.key) || vouched.some((one) => digestOf(one.keyId) === digest && sameKey(one, key))
}

/** The earliest, so that none is pushed out by later ones. */
function keepFew(revocations: readonly Revocation[], vouched: readonly IssuerKey[]): Revocation[] {
  const isVouched = (one: Revocation) => vouched.some((key) => isRevoked({ revocations: [one] }, key))
  const few = new Set(revocations.filter((one) => !isVouched(one)).slice(0, mostUnvouched))
  return revocations.filter((one) => isVouched(one) || few.has(one))
}

function mergeSights(
  found: readonly RecordedKey[],
  own: readonly RecordedKey[],
  vouched: ReadonlySet<string | undefined>,
): RecordedKey[] {
  const keys = new Map(found.map((one) => [one.key.keyId, one]))
  for (const one of own) {
    const other = keys.get(one.key.keyId)
    const isLatest = other === undefined ? vouched.has(one.key.keyId) : other.lastSeenAt < one.lastSeenAt
    const publishedAt = other?.publishedAt ?? one.publishedAt
    if (isLatest) keys.set(one.key.keyId, { ...one, ...(publishedAt && { publishedAt }) })
  }
  return [...keys.values()]
}
