/** The key state: an issuer's keys and revocations, stored in a ConfigMap so that a restart loses nothing. */
import { createHash } from 'node:crypto'
import type { NamespacedName } from '../document/document.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { readStoredConfigMap } from '../kubernetes/objects/config-map.ts'
import { type IssuerKey, mergeKeys, parseJwks, sameKey } from '../oidc/keys.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../text/json-fields.ts'

export interface KeyState {
  readonly keys: readonly RecordedKey[]
  readonly revocations: readonly Revocation[]
  /** SHA-256 fingerprints of the trusted CAs of API servers; absent: none are recorded, or they are unchanged. */
  readonly authorities?: readonly string[]
  /** Addresses of known API servers, `https://10.0.0.1:6443`; absent: none are recorded, or they stay as they are. */
  readonly servers?: readonly string[]
}

export interface RecordedKey {
  readonly key: IssuerKey
  readonly firstSeenAt: Date
  /** Served, or named by a token. */
  readonly lastSeenAt: Date
  /** Since when it is public, as observed by issuer watch; absent: it is not public, or was not observed. */
  readonly publishedAt?: Date
}

/** The digest alone revokes a kid, even if the rest of the entry is damaged. */
export interface Revocation {
  readonly digest: string
  readonly keyId: string | undefined
  /** Undefined where it was not known: then it is the kid that is refused. */
  readonly key: IssuerKey | undefined
  readonly revokedAt: Date | undefined
}

/** Entries of the ConfigMap that are of no key. */
const recordEntries = { authorities: 'authorities', servers: 'servers' } as const

export const emptyKeyState: KeyState = { keys: [], revocations: [] }

/** Names an entry: a kid can be any text, of any length, and the key of a ConfigMap cannot. */
export const digestOf = (keyId: string | undefined): string =>
  createHash('sha256')
    .update(keyId ?? '')
    .digest('base64url')

// The state of an issuer's keys in a ConfigMap: an entry for each key and each revocation, so that two writers
// never undo each other.
//
//   key.DIGEST      {"key": a JWK, "firstSeenAt": …, "lastSeenAt": …, "publishedAt": …}
//   revoked.DIGEST  {"kid": …, "key": a JWK, "revokedAt": …}
//   authorities     ["AB:CD:…", …]
//   servers         ["https://10.0.0.1:6443", …]

/** A ConfigMap takes 1 MiB; vendors read 100 keys of each type. */
const maxKeys = 300
/** What is longer is not read; an RSA key of 4096 bits takes 900. deploy/issuer-revocations forbids longer entries. */
const longestEntry = 4096

/** It may have been edited: an entry without a key is dropped, and a revocation is in force by its name. @internal */
export function parseKeyState(entries: Readonly<Record<string, string>>): KeyState {
  const keys: RecordedKey[] = []
  const revocations: Revocation[] = []
  for (const [name, text] of Object.entries(entries)) {
    const entry = text.length > longestEntry ? undefined : asObject(jsonOrNone(text))
    const [, kind, digest = ''] = /^(key|revoked)\.([\w-]{43})$/.exec(name) ?? []
    const recorded = kind === 'key' ? recordedKeyIn(digest, entry) : undefined
    if (recorded !== undefined) keys.push(recorded)
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

function recordedKeyIn(digest: string, entry: JsonObject | undefined): RecordedKey | undefined {
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

/** With this kid and key material: otherwise it could be forged, so that the real key would pass for unknown. */
function keyOf(digest: string, jwk: unknown): IssuerKey | undefined {
  const [key] = parseJwks(JSON.stringify({ keys: [jwk] })) ?? []
  return key !== undefined && digestOf(key.keyId) === digest && hasMaterial(key) ? key : undefined
}

const hasMaterial = ({ members: { n, e, crv, x } }: IssuerKey): boolean => Boolean((n && e) || (crv && x))

function dateOf(value: unknown): Date | undefined {
  const date = new Date(asText(value) ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

export interface StoredKeyState extends KeyState {
  /** Of the whole ConfigMap, with its metadata; 0 if it does not exist. */
  readonly storedBytes: number
}

/** Empty if it does not exist. @throws KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and what a cluster throws */
export async function readKeyState(
  cluster: Cluster,
  keyStateRef: NamespacedName,
  limits?: Parameters<typeof readStoredConfigMap>[2],
): Promise<StoredKeyState> {
  const { data, bytes } = await readStoredConfigMap(cluster, keyStateRef, limits)
  return { ...parseKeyState(data), storedBytes: bytes }
}

/** Whether a key was revoked: by its kid, or as the same key under another kid. */
export function isRevoked({ revocations }: Pick<KeyState, 'revocations'>, key: IssuerKey): boolean {
  const digest = digestOf(key.keyId)
  return revocations.some((one) => one.digest === digest || (one.key !== undefined && sameKey(one.key, key)))
}

/** Every key that a cluster is known to have or to have had: by them its own documents are recognized. */
export const knownKeys = (served: readonly IssuerKey[], { keys, revocations }: KeyState): IssuerKey[] => [
  ...served,
  ...keys.map(({ key }) => key),
  ...revocations.flatMap(({ key }) => (key === undefined ? [] : [key])),
]

/**
 * Published keys that no API server serves, and that none is recorded to have served: the owner of the private key can sign
 * tokens for every account of the cluster.
 */
export function unknownKeys(
  published: readonly IssuerKey[],
  served: readonly IssuerKey[],
  keyState: KeyState,
): IssuerKey[] {
  const known = knownKeys(served, keyState)
  return published.filter((key) => !known.some((one) => sameKey(one, key)))
}

/**
 * The union of what is served and public, without what was revoked: a single publication withdraws nothing else. What is
 * recorded alone is not added: otherwise a client that can write the ConfigMap could have its own key published.
 */
export const mergeUnrevoked = (
  served: readonly IssuerKey[],
  keyState: Pick<KeyState, 'revocations'>,
  published: readonly IssuerKey[],
): IssuerKey[] => mergeKeys(served, published).filter((key) => !isRevoked(keyState, key))

// The changes to the entries of the ConfigMap that turn one key state into another.

/** By name: a text, or `undefined` for an entry to take away. Revocations are only ever added. */
export function keyStateChanges(before: KeyState, after: KeyState): Readonly<Record<string, string | undefined>> {
  const [old, desired] = [entriesOf(before), entriesOf(after)]
  const gone = [...old.keys()].filter((name) => name.startsWith('key.') && !desired.has(name))
  const changed = [...desired].filter(([name, text]) => old.get(name) !== text)
  return { ...Object.fromEntries(gone.map((name) => [name, undefined])), ...Object.fromEntries(changed) }
}

function entriesOf({ keys, revocations, authorities, servers }: KeyState): Map<string, string> {
  const entries = new Map<string, string>()
  if (authorities !== undefined) entries.set(recordEntries.authorities, JSON.stringify(authorities))
  if (servers !== undefined) entries.set(recordEntries.servers, JSON.stringify(servers))
  for (const { key, firstSeenAt, lastSeenAt, publishedAt } of keys) {
    entries.set(
      `key.${digestOf(key.keyId)}`,
      JSON.stringify({ key: key.members, firstSeenAt, lastSeenAt, publishedAt }),
    )
  }
  for (const { digest, keyId, key, revokedAt } of revocations) {
    entries.set(`revoked.${digest}`, JSON.stringify({ kid: keyId, key: key?.members, revokedAt }))
  }
  return entries
}
