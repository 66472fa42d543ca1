/** Whether a key was revoked: by its kid, or as the same key under another kid. */
import { type IssuerKey, sameKey } from '../keys/issuer-key.ts'
import { digestOf, type KeyMemory } from './key-memory.ts'

export function isRevoked({ revocations }: Pick<KeyMemory, 'revocations'>, key: IssuerKey): boolean {
  const digest = digestOf(key.keyId)
  return revocations.some((one) => one.digest === digest || (one.key !== undefined && sameKey(one.key, key)))
}
