/**
 * Takes one key out of what is public, at once, so that no merge brings it back:
 *
 *   who knows it? what signs? ─▶ remember the revocation ─▶ publish without it
 *
 * The memory comes first: whoever publishes between the two reads it.
 */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { writeConfigMap } from '../../kubernetes/config-map.ts'
import type { Outside } from '../../outside/outside.ts'
import { withoutFaults } from '../../outside/without-faults.ts'
import type { ClusterIssuer } from '../cluster/read-cluster-issuer.ts'
import { judgePublished } from '../documents/judge-published.ts'
import type { PublishTarget } from '../documents/publish-target.ts'
import { type IssuerKey, sameKey } from '../keys/issuer-key.ts'
import { mergeKeys } from '../keys/merge-keys.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import { digestOf, type KeyMemory } from '../memory/key-memory.ts'
import { knownKeys } from '../memory/known-keys.ts'
import { memoryChanges } from '../memory/memory-changes.ts'
import { memoryFault } from '../memory/memory-fault.ts'
import { mergeUnrevoked } from '../memory/merge-unrevoked.ts'
import { readMemory } from '../memory/read-memory.ts'
import { issuerToPublish } from '../publish/issuer-to-publish.ts'
import { type PublishOutcome, publishDocuments } from '../publish/publish-documents.ts'
import { type ReplicaReading, type ReplicasWanted, readReplicas } from '../replicas/read-replicas.ts'
import { judgeRevocation } from './judge-revocation.ts'

export interface RevokeWanted extends ReplicasWanted {
  readonly target: PublishTarget
  readonly issuerUrl: string | undefined
  readonly memory: NamespacedName
  readonly keyId: string
  readonly inUse: 'refuse' | 'revoke'
  readonly mode: 'write' | 'dry-run'
}

export interface Revoked {
  readonly issuer: string
  readonly outcome: PublishOutcome
  readonly readings: readonly ReplicaReading[]
  readonly revocation: RevocationTold
}

export interface RevocationTold {
  readonly keyId: string
  readonly state: 'new' | 'before'
  /** When it was revoked before; undefined where it is new, or where nobody wrote down when. */
  readonly since: Date | undefined
}

/** @throws KEY_UNKNOWN, KEY_IN_USE, and what reading the cluster, remembering and publishing throw */
export async function revokeKey(wanted: RevokeWanted, outside: Pick<Outside, 'now'>): Promise<Revoked> {
  const { keyId, target, cluster, inUse, mode } = wanted
  const memory = await readMemory(cluster, wanted.memory)
  const { answers: readings } = await readReplicas(wanted)
  const documents = readDocuments(readings)
  const [first] = documents
  const issuer = issuerToPublish(wanted.issuerUrl, target, first.issuer)
  const served = mergeKeys(...documents.map(({ keys }) => keys))
  const tokens = withoutFaults(readings.map(({ token }) => token))
  const signing = tokens.length === 0 ? undefined : tokens.flatMap((token) => token.keyId ?? [])
  const published = await readPublished(target, issuer, knownKeys(served, memory))
  const key = judgeRevocation({ keyId, served, published, memory, signing, inUse })
  const after = withRevocation(memory, keyId, key, outside.now())
  if (mode === 'write') await remember(cluster, wanted.memory, memoryChanges(memory, after))
  const revocation = tellRevocation(memory, keyId)
  const outcome = await publishDocuments(target, {
    issuer,
    own: knownKeys(served, after),
    choose: (found) => mergeUnrevoked(served, after, found),
    conflictPolicy: 'Refuse',
    // Whoever revoked it before was told that every pull breaks.
    ...((inUse === 'revoke' || revocation.state === 'before') && { without: 'any-key' }),
    mode,
  })
  return { issuer, outcome, readings, revocation }
}

async function remember(cluster: Cluster, place: NamespacedName, changes: ReturnType<typeof memoryChanges>) {
  try {
    await writeConfigMap(cluster, place, changes)
  } catch (error) {
    throw memoryFault(error, place)
  }
}

/** At least one. @throws why there is none */
function readDocuments(readings: readonly ReplicaReading[]): [ClusterIssuer, ...ClusterIssuer[]] {
  const documents = readings.map((reading) => reading.documents)
  const [first, ...rest] = withoutFaults(documents)
  if (first !== undefined) return [first, ...rest]
  throw documents[0] ?? new TypeError('at least one API server is asked')
}

async function readPublished(
  target: PublishTarget,
  issuer: string,
  own: readonly IssuerKey[],
): Promise<readonly IssuerKey[]> {
  const jwks = target.holds.includes('jwks') ? await target.read('jwks') : undefined
  return judgePublished({ jwks }, issuer, own).keys
}

function tellRevocation({ revocations }: KeyMemory, keyId: string): RevocationTold {
  const before = revocations.find(({ digest }) => digest === digestOf(keyId))
  return { keyId, state: before === undefined ? 'new' : 'before', since: before?.revokedAt }
}

function withRevocation(memory: KeyMemory, keyId: string, key: IssuerKey | undefined, now: Date): KeyMemory {
  const digest = digestOf(keyId)
  // Whoever may write the memory may have revoked the kid before, with a key that is another: the leaked one is written.
  const isSaid = (one: KeyMemory['revocations'][number]) =>
    one.digest === digest && (key === undefined || (one.key !== undefined && sameKey(one.key, key)))
  if (memory.revocations.some(isSaid)) return memory
  const revocations = [
    ...memory.revocations.filter((one) => one.digest !== digest),
    { digest, keyId, key, revokedAt: now },
  ]
  return { keys: memory.keys.filter((one) => !isRevoked({ revocations }, one.key)), revocations }
}
