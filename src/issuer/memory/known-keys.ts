/** Every key that a cluster is known to have or to have had: by them its own documents are known again. */
import { type IssuerKey, sameKey } from '../keys/issuer-key.ts'
import type { KeyMemory } from './key-memory.ts'

export const knownKeys = (served: readonly IssuerKey[], { keys, revocations }: KeyMemory): IssuerKey[] => [
  ...served,
  ...keys.map(({ key }) => key),
  ...revocations.flatMap(({ key }) => (key === undefined ? [] : [key])),
]

/**
 * Published keys that no API server serves, and that none is remembered to have served: whoever has the private key signs
 * tokens for every account of the cluster.
 */
export function unknownKeys(
  published: readonly IssuerKey[],
  served: readonly IssuerKey[],
  memory: KeyMemory,
): IssuerKey[] {
  const known = knownKeys(served, memory)
  return published.filter((key) => !known.some((one) => sameKey(one, key)))
}
