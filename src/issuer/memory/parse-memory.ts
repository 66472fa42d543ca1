/**
 * The memory of an issuer's keys, as a ConfigMap holds it: an entry for each key and each revocation, so that two writers
 * never undo each other.
 *
 *   key.DIGEST      {"key": a JWK, "firstSeenAt": …, "lastSeenAt": …}
 *   revoked.DIGEST  {"kid": …, "key": a JWK, "revokedAt": …}
 */
import { asObject, asText, jsonOrNone } from '../../outside/json-fields.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import { digestOf, type KeyMemory, type RememberedKey, type Revocation } from './key-memory.ts'

/** A ConfigMap takes 1 MiB; AWS reads 100 keys of each kind. */
const maxKeys = 300

/** Somebody may have edited it: an entry that says nothing of a key is dropped, and a revocation holds by its name. */
export function parseMemory(entries: Readonly<Record<string, string>>): KeyMemory {
  const keys: RememberedKey[] = []
  const revocations: Revocation[] = []
  for (const [name, text] of Object.entries(entries)) {
    const remembered = name.startsWith('key.') ? rememberedIn(text) : undefined
    if (remembered !== undefined && name === `key.${digestOf(remembered.key.keyId)}`) keys.push(remembered)
    if (name.startsWith('revoked.')) revocations.push(revocationIn(name.slice('revoked.'.length), text))
  }
  return { keys: keys.slice(0, maxKeys), revocations }
}

function rememberedIn(text: string): RememberedKey | undefined {
  const entry = asObject(jsonOrNone(text))
  const key = keyOf(entry?.['key'])
  const lastSeenAt = dateOf(entry?.['lastSeenAt'])
  if (key === undefined || lastSeenAt === undefined) return undefined
  return { key, firstSeenAt: dateOf(entry?.['firstSeenAt']) ?? lastSeenAt, lastSeenAt }
}

function revocationIn(digest: string, text: string): Revocation {
  const entry = asObject(jsonOrNone(text))
  return {
    digest,
    keyId: asText(entry?.['kid']),
    key: keyOf(entry?.['key']),
    revokedAt: dateOf(entry?.['revokedAt']),
  }
}

const keyOf = (jwk: unknown): IssuerKey | undefined => parseJwks(JSON.stringify({ keys: [jwk] }))?.[0]

function dateOf(value: unknown): Date | undefined {
  const date = new Date(asText(value) ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
