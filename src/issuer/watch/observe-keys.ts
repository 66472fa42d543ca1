/** What is remembered of an issuer's keys after another look at them. */
import { type IssuerKey, sameKey } from '../keys/issuer-key.ts'
import { whyUnusable } from '../keys/why-unusable.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import type { KeyMemory, RememberedKey } from '../memory/key-memory.ts'

export interface SeenKeys {
  /** By any API server, in this look. */
  readonly served: readonly IssuerKey[]
  /** By kid: tokens that the cluster signed in this look. */
  readonly signing: readonly string[]
  /** Where strangers read them. */
  readonly published: readonly IssuerKey[]
}

/**
 * A served key is seen now; of two with one kid, the one that is served is believed. A key that is public and unknown counts
 * as seen now: whoever lost his memory withdraws nothing. Revoked and unusable keys are not remembered. Nothing was seen later
 * than now: a clock was ahead, or somebody edited the memory.
 */
export function observeKeys(memory: KeyMemory, seen: SeenKeys, now: Date): KeyMemory {
  const known = new Map(memory.keys.map((one) => [one.key.keyId, seenBy(now, one)]))
  for (const key of seen.served) known.set(key.keyId, seenNow(key, known.get(key.keyId), now))
  for (const key of seen.published) if (!known.has(key.keyId)) known.set(key.keyId, seenNow(key, undefined, now))
  for (const keyId of seen.signing) {
    const one = known.get(keyId)
    if (one !== undefined) known.set(keyId, { ...one, lastSeenAt: now })
  }
  const keys = [...known.values()].filter(({ key }) => whyUnusable(key) === undefined && !isRevoked(memory, key))
  return { ...memory, keys }
}

function seenBy(now: Date, { key, firstSeenAt, lastSeenAt, publishedAt }: RememberedKey): RememberedKey {
  const notAfter = (at: Date) => (at > now ? now : at)
  const published = publishedAt && { publishedAt: notAfter(publishedAt) }
  return { key, firstSeenAt: notAfter(firstSeenAt), lastSeenAt: notAfter(lastSeenAt), ...published }
}

function seenNow(key: IssuerKey, before: RememberedKey | undefined, now: Date): RememberedKey {
  const same = before !== undefined && sameKey(before.key, key)
  return same ? { ...before, key, lastSeenAt: now } : { key, firstSeenAt: now, lastSeenAt: now }
}
