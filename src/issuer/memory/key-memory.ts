/** What is remembered of an issuer's keys, in the cluster itself, so that a restart of pullpass forgets nothing. */
import { createHash } from 'node:crypto'
import type { IssuerKey } from '../keys/issuer-key.ts'

export interface KeyMemory {
  readonly keys: readonly RememberedKey[]
  readonly revocations: readonly Revocation[]
  /** SHA-256 fingerprints of the CAs that are believed of API servers; absent: none are recorded, or they stay as they are. */
  readonly authorities?: readonly string[]
  /** Addresses of known API servers, `https://10.0.0.1:6443`; absent: none are recorded, or they stay as they are. */
  readonly servers?: readonly string[]
}

export interface RememberedKey {
  readonly key: IssuerKey
  readonly firstSeenAt: Date
  /** Served, or named by a token. */
  readonly lastSeenAt: Date
  /** Since when it is public, as far as a watch saw it; absent: it is not, or nobody watched. */
  readonly publishedAt?: Date
}

/** By the digest alone a kid is revoked, even where somebody damaged what else is written of it. */
export interface Revocation {
  readonly digest: string
  readonly keyId: string | undefined
  /** Undefined where it was not known: then it is the kid that is refused. */
  readonly key: IssuerKey | undefined
  readonly revokedAt: Date | undefined
}

/** Entries of the ConfigMap that are of no key. */
export const recordEntries = { authorities: 'authorities', servers: 'servers' } as const

export const emptyMemory: KeyMemory = { keys: [], revocations: [] }

/** Names an entry: a kid can be any text, of any length, and the key of a ConfigMap cannot. */
export const digestOf = (keyId: string | undefined): string =>
  createHash('sha256')
    .update(keyId ?? '')
    .digest('base64url')
