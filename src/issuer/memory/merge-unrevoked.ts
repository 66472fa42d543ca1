/** The union of what is served, remembered and public, without what was revoked: who publishes once withdraws nothing else. */
import type { IssuerKey } from '../issuer-key.ts'
import { mergeKeys } from '../merge-keys.ts'
import { isRevoked } from './is-revoked.ts'
import type { KeyMemory } from './key-memory.ts'

export const mergeUnrevoked = (
  served: readonly IssuerKey[],
  memory: KeyMemory,
  published: readonly IssuerKey[],
): IssuerKey[] =>
  mergeKeys(
    served,
    memory.keys.map(({ key }) => key),
    published,
  ).filter((key) => !isRevoked(memory, key))
