/**
 * The memory of an issuer's keys, as a ConfigMap holds it: an entry for each key and each revocation, so that two writers
 * never undo each other.
 *
 *   key.DIGEST      {"key": a JWK, "firstSeenAt": …, "lastSeenAt": …, "publishedAt": …}
 *   revoked.DIGEST  {"kid": …, "key": a JWK, "revokedAt": …}
 *   authorities     ["AB:CD:…", …]
 *   servers         ["https://10.0.0.1:6443", …]
 */
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../outside/json-fields.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import { digestOf, type KeyMemory, type RememberedKey, type Revocation, recordEntries } from './key-memory.ts'

/** A ConfigMap takes 1 MiB; AWS reads 100 keys of each kind. */
const maxKeys = 300
/** What is longer is not read; an RSA key of 4096 bits takes 900. deploy/issuer-revocations lets nobody write more. */
const longestEntry = 4096

/** Somebody may have edited it: an entry that says nothing of a key is dropped, and a revocation holds by its name. */
export function parseMemory(entries: Readonly<Record<string, string>>): KeyMemory {
  const keys: RememberedKey[] = []
  const revocations: Revocation[] = []
  for (const [name, text] of Object.entries(entries)) {
    const entry = text.length > longestEntry ? undefined : asObject(jsonOrNone(text))
    const [, kind, digest = ''] = /^(key|revoked)\.([\w-]{43})$/.exec(name) ?? []
    const remembered = kind === 'key' ? rememberedIn(digest, entry) : undefined
    if (remembered !== undefined) keys.push(remembered)
    if (kind === 'revoked') revocations.push(revocationIn(digest, entry))
  }
  const authorities = textsIn(entries[recordEntries.authorities], fingerprint)
  const servers = textsIn(entries[recordEntries.servers], address)
  return {
    keys: keys.slice(0, maxKeys),
    revocations,
    ...(authorities.length > 0 && { authorities }),
    ...(servers.length > 0 && { servers }),
  }
}

const fingerprint = /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/
const address = /^https:\/\/[\w.:[\]/-]{1,200}$/

function textsIn(text: string | undefined, pattern: RegExp): string[] {
  if (text === undefined || text.length > longestEntry) return []
  return asList(jsonOrNone(text)).flatMap((one) => (typeof one === 'string' && pattern.test(one) ? [one] : []))
}

function rememberedIn(digest: string, entry: JsonObject | undefined): RememberedKey | undefined {
  const key = keyOf(digest, entry?.['key'])
  const lastSeenAt = dateOf(entry?.['lastSeenAt'])
  if (key === undefined || lastSeenAt === undefined) return undefined
  const publishedAt = dateOf(entry?.['publishedAt'])
  const firstSeenAt = dateOf(entry?.['firstSeenAt']) ?? lastSeenAt
  return { key, firstSeenAt, lastSeenAt, ...(publishedAt && { publishedAt }) }
}

function revocationIn(digest: string, entry: JsonObject | undefined): Revocation {
  const keyId = asText(entry?.['kid'])
  return {
    digest,
    keyId: keyId !== undefined && digestOf(keyId) === digest ? keyId : undefined,
    key: keyOf(digest, entry?.['key']),
    revokedAt: dateOf(entry?.['revokedAt']),
  }
}

/** Of this kid, and with what makes it a key: else somebody wrote it there to have the real one pass for unknown. */
function keyOf(digest: string, jwk: unknown): IssuerKey | undefined {
  const [key] = parseJwks(JSON.stringify({ keys: [jwk] })) ?? []
  return key !== undefined && digestOf(key.keyId) === digest && hasMaterial(key) ? key : undefined
}

const hasMaterial = ({ members: { n, e, crv, x } }: IssuerKey): boolean => Boolean((n && e) || (crv && x))

function dateOf(value: unknown): Date | undefined {
  const date = new Date(asText(value) ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
