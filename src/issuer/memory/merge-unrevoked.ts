/**
 * The union of what is served and public, without what was revoked: who publishes once withdraws nothing else. What is
 * remembered alone is not added: whoever may write the ConfigMap could else have a key of his own published.
 */
import type { IssuerKey } from '../keys/issuer-key.ts'
import { mergeKeys } from '../keys/merge-keys.ts'
import { isRevoked } from './is-revoked.ts'
import type { KeyMemory } from './key-memory.ts'

export const mergeUnrevoked = (
  served: readonly IssuerKey[],
  memory: Pick<KeyMemory, 'revocations'>,
  published: readonly IssuerKey[],
): IssuerKey[] => mergeKeys(served, published).filter((key) => !isRevoked(memory, key))
