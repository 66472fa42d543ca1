/**
 * What follows from one look: which keys the cluster has, what is remembered, and what is an alarm. Pure.
 *
 *   facts ─▶ served keys, signing kids ─▶ memory ─▶ (published) ─▶ keys to be public
 */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { withoutFaults } from '../../outside/without-faults.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { mergeKeys } from '../keys/merge-keys.ts'
import { whyUnusable } from '../keys/why-unusable.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import { digestOf, emptyMemory, type KeyMemory } from '../memory/key-memory.ts'
import type { Alarm } from './alarm.ts'
import { authorityAlarms } from './authorities.ts'
import { faultSentence } from './fault-sentence.ts'
import type { RoundFacts } from './gather-round.ts'
import { type HeldKey, judgeServers, type KnownServers } from './judge-servers.ts'
import { keepRemovals, type RevocationRemoval } from './keep-removals.ts'
import { mergeMemories } from './merge-memories.ts'
import { observeKeys } from './observe-keys.ts'
import type { WatchWanted } from './watch-wanted.ts'

export interface RoundBefore {
  /** Of the round before; undefined in the first one. */
  readonly memory: KeyMemory | undefined
  /** By kid: in how many whole looks a key was in vain looked for. */
  readonly missed: ReadonlyMap<string | undefined, number>
  /** What is public, as it was last read at the target. */
  readonly published: readonly IssuerKey[]
  /** Keys that an API server served to this process itself. */
  readonly witnessed: readonly IssuerKey[]
  readonly removals: readonly RevocationRemoval[]
  readonly servers: KnownServers | undefined
}

/** What does not change from look to look. */
export interface RoundRules extends Pick<WatchWanted, 'replicas' | 'trusted' | 'acceptedKeys'> {
  readonly cluster: Pick<WatchWanted['cluster'], 'server'>
}

export interface RoundVerdict {
  /** Undefined as long as the cluster's own was never read: then nothing is published, since something may be revoked. */
  readonly memory: KeyMemory | undefined
  readonly missed: ReadonlyMap<string | undefined, number>
  /** By API servers whose word publishes a key, in this look. */
  readonly served: readonly IssuerKey[]
  /** Served by others alone. */
  readonly held: readonly HeldKey[]
  readonly servers: KnownServers | undefined
  /** Served now, or in an earlier look of this process, remembered and not revoked since. */
  readonly witnessed: readonly IssuerKey[]
  /** By kid, with the `iss` of the token that named it. */
  readonly signing: ReadonlyMap<string, string>
  /** The `iss` of the cluster's documents; undefined where none was read. */
  readonly clusterIssuer: string | undefined
  readonly removals: readonly RevocationRemoval[]
  readonly alarms: readonly Alarm[]
}

/** `now`: when what is seen was seen. */
export function judgeRound(facts: RoundFacts, before: RoundBefore, rules: RoundRules, now: Date): RoundVerdict {
  const read = withoutFaults(facts.readings.map(({ documents }) => documents))
  const { confirmed, held, known } = judgeServers({
    ...facts,
    configured: [rules.cluster.server, ...rules.replicas.map(({ href }) => href.replace(/\/$/, ''))],
    known: before.servers ?? recordedServers(facts),
    published: before.published,
    acceptedKeys: rules.acceptedKeys,
  })
  const served = mergeKeys(confirmed)
  const signing = signingOf(facts)
  const vouched = [...served, ...before.witnessed, ...before.published]
  const merged = facts.memory instanceof PullpassError ? undefined : mergeMemories(facts.memory, before.memory, vouched)
  const remembered = merged ?? before.memory
  const seen = { served, signing: [...signing.keys()], published: before.published }
  const memory = remembered && observeKeys(remembered, seen, now)
  const removals = keepRemovals(before.removals, merged?.removed ?? [], now)
  const isLater = before.memory !== undefined
  const isWhole = facts.replicasFault === undefined && facts.readings.every(isWholeReading)
  return {
    memory,
    missed: countMissed(before.missed, memory, { served, signing, isWhole }),
    served,
    held,
    servers: before.servers === undefined && facts.memory instanceof PullpassError ? undefined : known,
    witnessed: mergeKeys(served, before.witnessed).filter((key) => memory === undefined || isStaying(memory, key)),
    signing,
    clusterIssuer: read[0]?.issuer,
    removals,
    alarms: [
      ...alarmsOf(facts),
      ...authorityAlarms({ ...facts, trusted: rules.trusted, recorded: recordedIn(facts), isRecorded: isLater }),
      ...removals.map(({ alarm }) => alarm),
      ...(memory ? signingAlarms(signing, served, memory) : []),
    ],
  }
}

/** A restart of the watch makes no API server known. */
function recordedServers({ memory }: RoundFacts): KnownServers | undefined {
  if (memory instanceof PullpassError || memory.servers === undefined) return undefined
  return new Map(memory.servers.map((from) => [from, 0]))
}

const recordedIn = ({ memory }: RoundFacts) => (memory instanceof PullpassError ? undefined : memory.authorities)

/** An answer without a key is none: an API server has at least the one that it signs with. */
const isWholeReading = ({ documents, token }: RoundFacts['readings'][number]): boolean =>
  !(documents instanceof PullpassError) &&
  !(token instanceof PullpassError) &&
  documents.keys.some((key) => whyUnusable(key) === undefined)

function signingOf({ readings }: RoundFacts): Map<string, string> {
  const tokens = withoutFaults(readings.map(({ token }) => token))
  return new Map(tokens.flatMap(({ keyId, issuer }) => (keyId === undefined ? [] : [[keyId, issuer] as const])))
}

/** A key that was revoked is no longer, and whoever takes the revocation back waits for it to be served. */
const isStaying = (memory: KeyMemory, key: IssuerKey): boolean =>
  memory.keys.some((one) => one.key.keyId === key.keyId) && !isRevoked(memory, key)

interface Look {
  readonly served: readonly IssuerKey[]
  readonly signing: ReadonlyMap<string, string>
  readonly isWhole: boolean
}

function countMissed(
  before: RoundBefore['missed'],
  memory: KeyMemory = emptyMemory,
  look: Look,
): Map<string | undefined, number> {
  const here = new Set([...look.served.map(({ keyId }) => keyId), ...look.signing.keys()])
  const absent = memory.keys.map(({ key }) => key.keyId).filter((keyId) => !here.has(keyId))
  return new Map(absent.map((keyId) => [keyId, (before.get(keyId) ?? 0) + (look.isWhole ? 1 : 0)]))
}

function alarmsOf({ readings, replicasFault, memory }: RoundFacts): Alarm[] {
  const unread = (reason: Alarm['reason'], subject: string, fault: unknown): Alarm[] =>
    fault instanceof PullpassError ? [{ reason, subject, says: faultSentence(fault) }] : []
  return [
    ...unread('ReplicasUnknown', '', replicasFault),
    ...unread('MemoryUnread', '', memory),
    ...readings.flatMap(({ from, documents, token }) => [
      ...unread('ReplicaUnread', from, documents),
      ...(documents instanceof PullpassError ? [] : unread('TokenUnread', from, token)),
      ...(documents instanceof PullpassError || documents.keys.length > 0
        ? []
        : [{ reason: 'ReplicaUnread' as const, subject: from, says: `${from} serves no key at all` }]),
    ]),
  ]
}

function signingAlarms(signing: RoundVerdict['signing'], served: readonly IssuerKey[], memory: KeyMemory): Alarm[] {
  return [...signing.keys()].flatMap((keyId): Alarm[] => {
    const key = served.find((one) => one.keyId === keyId)
    const digest = digestOf(keyId)
    if (!memory.revocations.some((one) => one.digest === digest) && !(key && isRevoked(memory, key))) return []
    const says = `the cluster signs tokens with key ${quote(keyId)}, which is revoked: no exchange succeeds until the API server signs with another`
    return [{ reason: 'RevokedKeySigns', subject: keyId, says }]
  })
}
