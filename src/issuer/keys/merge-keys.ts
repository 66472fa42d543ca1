/** The union of keys: who publishes only what one replica serves at one moment locks out the tokens of the others. */
import type { IssuerKey } from './issuer-key.ts'

/** By kid, since verifiers find a key by it: of two with one kid the first stays, in order. */
export function mergeKeys(...sets: readonly (readonly IssuerKey[])[]): IssuerKey[] {
  const merged = new Map<string | undefined, IssuerKey>()
  for (const key of sets.flat()) if (!merged.has(key.keyId)) merged.set(key.keyId, key)
  return [...merged.values()]
}
