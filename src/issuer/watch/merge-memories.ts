/**
 * What the cluster remembers, and what this process does: of each key the latest sight, and every revocation that either knows.
 * Whoever may write the ConfigMap could else take a revocation back, and the leaked key be public again as long as it is served.
 */
import { type IssuerKey, sameKey } from '../keys/issuer-key.ts'
import type { KeyMemory, RememberedKey, Revocation } from '../memory/key-memory.ts'

export interface MergedMemory extends KeyMemory {
  /** Revocations that this process knows, and that somebody took out of the cluster's memory since, or changed there. */
  readonly removed: readonly Revocation[]
}

/**
 * `own`: undefined before the first look; then all that is found holds. A key of it that is found no more stays only where it is
 * `vouched`, served to this process or public: whoever writes keys into the ConfigMap, and others over them, fills no memory.
 */
export function mergeMemories(
  found: KeyMemory,
  own: KeyMemory | undefined,
  vouched: readonly IssuerKey[],
): MergedMemory {
  if (own === undefined) return { ...found, removed: [] }
  const there = new Map(found.revocations.map((one) => [one.digest, one]))
  const removed = own.revocations.filter((one) => !stillSays(there.get(one.digest), one))
  for (const one of removed) there.set(one.digest, one)
  return {
    keys: mergeSights(found.keys, own.keys, new Set(vouched.map(({ keyId }) => keyId))),
    revocations: [...there.values()],
    removed,
  }
}

/** Another writer may have added the key that this process did not know; taken away, it would pass under another kid. */
const stillSays = (found: Revocation | undefined, own: Revocation): boolean =>
  found !== undefined && (own.key === undefined || (found.key !== undefined && sameKey(found.key, own.key)))

function mergeSights(
  found: readonly RememberedKey[],
  own: readonly RememberedKey[],
  vouched: ReadonlySet<string | undefined>,
): RememberedKey[] {
  const keys = new Map(found.map((one) => [one.key.keyId, one]))
  for (const one of own) {
    const other = keys.get(one.key.keyId)
    const isLatest = other === undefined ? vouched.has(one.key.keyId) : other.lastSeenAt < one.lastSeenAt
    if (isLatest) keys.set(one.key.keyId, one)
  }
  return [...keys.values()]
}
