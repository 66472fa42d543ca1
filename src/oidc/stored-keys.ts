/**
 * The keys of a cluster that a vendor stores, compared with those that the cluster serves. Pure. Tokens of a key that the cluster no
 * longer serves may still be in use: the key stays unless it is replaced or was revoked.
 */
import { type IssuerKey, mergeKeys, sameKey } from './keys.ts'

export interface ClusterKeys {
  readonly keys: readonly IssuerKey[]
  /** `some`: an API server could not be reached, and keys that only it serves are missing. */
  readonly servers?: 'all' | 'some'
  /** Of a key that was uploaded before; absent: none is known to be revoked. */
  readonly isRevoked?: (key: IssuerKey) => boolean
}

/** At most one of `keys` and `against`. */
export interface KeysComparison {
  /** The keys to store, with their description; absent: those that are stored. */
  readonly update?: { readonly keys: readonly IssuerKey[]; readonly summary: string }
  /** What stays, although the cluster does not serve it. */
  readonly note?: string
  /** Why they cannot be changed. */
  readonly against?: string
}

/** `mode`: whether keys that the cluster does not serve are removed. */
export function compareStoredKeys(
  { keys, servers, isRevoked }: ClusterKeys,
  present: readonly IssuerKey[],
  mode: 'add' | 'replace',
): KeysComparison {
  if (mode === 'replace') return servers === 'some' ? { against: serverUnreachable } : replaceKeys(keys, present)
  if (present.length === 0) return { update: { keys, summary: `keys ${kidsOf(keys)} are uploaded` } }
  const [leaked, kept] = [present.filter((key) => isRevoked?.(key)), present.filter((key) => !isRevoked?.(key))]
  const other = keys.find((key) => kept.some((one) => one.keyId === key.keyId && !sameKey(one, key)))
  if (other !== undefined) return { against: `its key ${other.keyId} differs from the cluster's key with this kid` }
  return addKeys(keys, kept, leaked)
}

const serverUnreachable =
  'its keys are not replaced while an API server is unreachable: keys that only this server serves would be removed'

function addKeys(keys: readonly IssuerKey[], kept: readonly IssuerKey[], leaked: readonly IssuerKey[]): KeysComparison {
  const missing = keys.filter((key) => !kept.some(({ keyId }) => keyId === key.keyId))
  const stays = kept.filter((key) => !keys.some(({ keyId }) => keyId === key.keyId))
  const summary = [
    ...(missing.length === 0 ? [] : [`keys ${kidsOf(missing)} are added`]),
    ...(leaked.length === 0 ? [] : [`revoked keys ${kidsOf(leaked)} are removed`]),
  ]
  return {
    ...(stays.length > 0 && { note: `keys that the cluster does not serve stay: ${kidsOf(stays)}` }),
    ...(summary.length > 0 && { update: { keys: mergeKeys(kept, keys), summary: summary.join(', ') } }),
  }
}

function replaceKeys(keys: readonly IssuerKey[], present: readonly IssuerKey[]): KeysComparison {
  const isIn = (key: IssuerKey, others: readonly IssuerKey[]) =>
    others.some((one) => one.keyId === key.keyId && sameKey(one, key))
  const isEqual = keys.every((key) => isIn(key, present)) && present.every((key) => isIn(key, keys))
  return isEqual ? {} : { update: { keys, summary: `uploaded keys become ${kidsOf(keys)}` } }
}

export const kidsOf = (keys: readonly IssuerKey[]): string =>
  keys.map(({ keyId }) => keyId ?? 'without a kid').join(', ')
