/** Every key that a cluster is known to have or to have had: by them its own documents are known again. */
import type { IssuerKey } from '../keys/issuer-key.ts'
import type { KeyMemory } from './key-memory.ts'

export const knownKeys = (served: readonly IssuerKey[], { keys, revocations }: KeyMemory): IssuerKey[] => [
  ...served,
  ...keys.map(({ key }) => key),
  ...revocations.flatMap(({ key }) => (key === undefined ? [] : [key])),
]
