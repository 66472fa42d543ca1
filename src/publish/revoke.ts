/**
 * Removes one key from the published documents, so that no merge adds it again:
 *
 *   read served, published and signing keys ─▶ record the revocation ─▶ publish without the key
 *
 * It is recorded first, so that another publisher reads it before it publishes.
 */
import type { NamespacedName } from '../document/document.ts'
import { PullpassError, withoutFaults } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { writeConfigMap } from '../kubernetes/objects/config-map.ts'
import { type ApiServerReading, type ApiServersConfig, readApiServers } from '../oidc/cluster/api-servers.ts'
import type { ClusterIssuer } from '../oidc/cluster/cluster-issuer.ts'
import type { PublishTarget } from '../oidc/issuer-documents.ts'
import { type IssuerKey, mergeKeys, sameKey, whyUnusable } from '../oidc/keys.ts'
import { quote } from '../text/plain-text.ts'
import { shellVariable } from '../text/shell.ts'
import {
  digestOf,
  isRevoked,
  type KeyState,
  keyStateChanges,
  knownKeys,
  mergeUnrevoked,
  readKeyState,
} from './key-state.ts'
import { keyStateFault } from './key-state-errors.ts'
import { mergedPublication } from './publish.ts'
import type { Publication, PublishOutcome } from './publish-documents.ts'
import { classifyPublished } from './published-documents.ts'

export interface RevokeRequest extends ApiServersConfig {
  readonly target: Omit<PublishTarget, 'write'>
  readonly publish: (publication: Publication) => Promise<PublishOutcome>
  /** The issuer of the published documents, by the cluster's own. @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR */
  readonly issuerOf: (ofCluster: string) => string
  readonly keyStateRef: NamespacedName
  readonly keyId: string
  readonly inUse: 'refuse' | 'revoke'
  readonly mode: 'write' | 'dry-run'
}

export interface Revoked {
  readonly issuer: string
  readonly outcome: PublishOutcome
  readonly readings: readonly ApiServerReading[]
  readonly revocation: RevocationReport
}

export interface RevocationReport {
  readonly keyId: string
  readonly state: 'new' | 'before'
  /** When it was revoked before; undefined if it is new, or if the time is unknown. */
  readonly since: Date | undefined
  /** Whether fresh tokens are signed with it; undefined where no API server gave one. */
  readonly signs?: boolean | undefined
}

/** @throws KEY_UNKNOWN, KEY_IN_USE, and errors of reading the cluster, writing the key state and publishing */
export async function revokeKey(request: RevokeRequest, context: Pick<Context, 'now'>): Promise<Revoked> {
  const { keyId, target, cluster, inUse, mode } = request
  const keyState = await readKeyState(cluster, request.keyStateRef)
  const { responses: readings } = await readApiServers(request)
  const documents = readDocuments(readings)
  const [first] = documents
  const issuer = request.issuerOf(first.issuer)
  const served = mergeKeys(...documents.map(({ keys }) => keys))
  const tokens = withoutFaults(readings.map(({ token }) => token))
  const signing = tokens.length === 0 ? undefined : tokens.flatMap((token) => token.keyId ?? [])
  const published = await readPublished(target, issuer, knownKeys(served, keyState))
  const key = checkRevocation({ keyId, served, published, keyState, signing, inUse })
  const after = withRevocation(keyState, keyId, key, context.now())
  if (mode === 'write') await storeRevocation(cluster, request.keyStateRef, keyStateChanges(keyState, after))
  const revocation = { ...revocationReport(keyState, keyId), signs: signing?.includes(keyId) }
  // Its first revocation confirmed that every pull fails.
  const isLastConfirmed = inUse === 'revoke' || revocation.state === 'before'
  const publication = { issuer, served, conflictPolicy: 'Refuse', mode } as const
  const outcome = await request.publish(
    mergedPublication({ ...publication, ...(isLastConfirmed && { without: 'any-key' }) }, after),
  )
  return { issuer, outcome, readings, revocation }
}

async function storeRevocation(
  cluster: Cluster,
  keyStateRef: NamespacedName,
  changes: ReturnType<typeof keyStateChanges>,
) {
  try {
    await writeConfigMap(cluster, keyStateRef, changes)
  } catch (error) {
    throw keyStateFault(error, keyStateRef)
  }
}

/** At least one. @throws why there is none */
function readDocuments(readings: readonly ApiServerReading[]): [ClusterIssuer, ...ClusterIssuer[]] {
  const documents = readings.map((reading) => reading.documents)
  const [first, ...rest] = withoutFaults(documents)
  if (first !== undefined) return [first, ...rest]
  throw documents[0] ?? new TypeError('at least one API server is queried')
}

const readPublished = async (
  { read }: Pick<PublishTarget, 'read'>,
  issuer: string,
  own: readonly IssuerKey[],
): Promise<readonly IssuerKey[]> => classifyPublished({ jwks: await read('jwks') }, issuer, own).keys

function revocationReport({ revocations }: KeyState, keyId: string): RevocationReport {
  const before = revocations.find(({ digest }) => digest === digestOf(keyId))
  return { keyId, state: before === undefined ? 'new' : 'before', since: before?.revokedAt }
}

function withRevocation(keyState: KeyState, keyId: string, key: IssuerKey | undefined, now: Date): KeyState {
  const digest = digestOf(keyId)
  // An earlier, forged revocation of the kid may name another key: the leaked one is written.
  const isRecorded = (one: KeyState['revocations'][number]) =>
    one.digest === digest && (key === undefined || (one.key !== undefined && sameKey(one.key, key)))
  if (keyState.revocations.some(isRecorded)) return keyState
  const revocations = [
    ...keyState.revocations.filter((one) => one.digest !== digest),
    { digest, keyId, key, revokedAt: now },
  ]
  return { keys: keyState.keys.filter((one) => !isRevoked({ revocations }, one.key)), revocations }
}

interface RevocationFacts {
  readonly keyId: string
  readonly served: readonly IssuerKey[]
  readonly published: readonly IssuerKey[]
  readonly keyState: KeyState
  /** Kids of fresh tokens; undefined where no API server gave one. */
  readonly signing: readonly string[] | undefined
  /** `revoke`: though every pull breaks. */
  readonly inUse: 'refuse' | 'revoke'
}

/** Whether the key can be revoked, before anything is written. Returns the key; undefined if it was revoked before and is no longer served. @throws KEY_UNKNOWN, KEY_IN_USE */
function checkRevocation(facts: RevocationFacts): IssuerKey | undefined {
  const { keyId, keyState, signing } = facts
  const known = [...facts.published, ...facts.served, ...keyState.keys.map(({ key }) => key)]
  const key = known.find((one) => one.keyId === keyId)
  const before = keyState.revocations.find(({ digest }) => digest === digestOf(keyId))
  if (key === undefined && before === undefined) throw keyUnknown(keyId, known, signing ?? [])
  if (before !== undefined || facts.inUse === 'revoke') return key ?? before?.key
  if (signing === undefined)
    throw keyInUse(`no API server gave a token, so that it cannot be seen whether key ${quote(keyId)} signs`)
  if (signing.includes(keyId)) throw keyInUse(`key ${quote(keyId)} signs the cluster's tokens now`)
  const left = mergeUnrevoked(facts.served, keyState, facts.published).filter((one) => one.keyId !== keyId)
  if (left.every((one) => whyUnusable(one) !== undefined || isRevoked(keyState, one))) {
    throw keyInUse(`key ${quote(keyId)} is the only key that is public`)
  }
  return key
}

/** The signing key is listed last and marked, so that it is not revoked by mistake. */
function listKeys(known: readonly IssuerKey[], signing: readonly string[]): string {
  const kids = [...new Set(known.map((one) => one.keyId ?? ''))]
  const idle = kids.filter((kid) => !signing.includes(kid)).map((kid) => `key ${quote(kid)}`)
  const inUse = kids.filter((kid) => signing.includes(kid)).map((kid) => `key ${quote(kid)} (it signs now)`)
  return [...idle, ...inUse].slice(0, 20).join(', ')
}

const keyUnknown = (keyId: string, known: readonly IssuerKey[], signing: readonly string[]) =>
  new PullpassError({
    code: 'KEY_UNKNOWN',
    hop: 'publish',
    seen: `no served, published or recorded key has kid ${quote(keyId)}`,
    expected: known.length === 0 ? 'at least one key' : `the kid of the leaked key; known: ${listKeys(known, signing)}`,
    hint: 'find the key that signed the leaked token',
    command: `pullpass inspect ${shellVariable('TOKEN_FILE')}`,
  })

const keyInUse = (why: string) =>
  new PullpassError({
    code: 'KEY_IN_USE',
    hop: 'publish',
    seen: `${why}: without it, every exchange is refused, and pull secrets expire within the hour`,
    expected: 'a key that is no longer used for signing; nothing was changed',
    hint: 'configure the API servers to sign with another key first, which issuer watch publishes; if an interruption of all pulls is acceptable, pass --yes',
  })
