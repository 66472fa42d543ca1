/**
 * Evaluates one round: which keys the cluster has, what is recorded, and which alarms are raised. Pure.
 *
 *   facts ─▶ served keys, signing kids ─▶ key state ─▶ (published) ─▶ keys to be public
 */
import { asFault, PullpassError, withoutFaults } from '../../errors/pullpass-error.ts'
import { type ApiServerReading, type ApiServerResponses, readApiServers } from '../../oidc/cluster/api-servers.ts'
import { type IssuerKey, mergeKeys, sameKey, whyUnusable } from '../../oidc/keys.ts'
import { quote } from '../../text/plain-text.ts'
import {
  digestOf,
  emptyKeyState,
  isRevoked,
  type KeyState,
  type RecordedKey,
  type Revocation,
  readKeyState,
  type StoredKeyState,
} from '../key-state.ts'
import { type Alarm, faultAlarm, publishAlarm } from './alarms.ts'
import { type Authority, authorityAlarms, parseAuthorities, trustedOf } from './authorities.ts'
import { evaluateServers, type KnownServers, type UnconfirmedKey } from './known-servers.ts'
import { mergeKeyStates, stateRetry } from './stored-key-state.ts'
import { confirmingRounds, type WatchConfig } from './watch-config.ts'

export interface RoundBefore {
  /** Of the round before; undefined in the first one. */
  readonly keyState: KeyState | undefined
  /** By kid: in how many complete rounds a key was missing. */
  readonly missed: ReadonlyMap<string | undefined, number>
  /** What is public, as it was last read at the target. */
  readonly published: readonly IssuerKey[]
  /** Keys that an API server served to this process in an earlier round. */
  readonly everServed: readonly IssuerKey[]
  readonly removals: readonly RevocationRemoval[]
  readonly servers: KnownServers | undefined
  readonly firstAuthorities: readonly Authority[]
}

/** Settings that do not change between rounds. */
export interface RoundRules extends Pick<WatchConfig, 'replicas' | 'trusted' | 'acceptedKeys' | 'intervalMs'> {
  readonly cluster: Pick<WatchConfig['cluster'], 'server'>
}

export interface RoundEvaluation {
  /** Undefined as long as the cluster's own was never read: then nothing is published, since something may be revoked. */
  readonly keyState: KeyState | undefined
  readonly missed: ReadonlyMap<string | undefined, number>
  /** Served in this round by API servers whose keys are published. */
  readonly served: readonly IssuerKey[]
  /** Served only by others. */
  readonly unconfirmed: readonly UnconfirmedKey[]
  readonly servers: KnownServers | undefined
  /** Recorded first by this process, because the CA bundle had them. */
  readonly firstAuthorities: readonly Authority[]
  /** Served now, or in an earlier round of this process, recorded and not revoked since. */
  readonly everServed: readonly IssuerKey[]
  /** By kid, with the `iss` of the token that named it. */
  readonly signing: ReadonlyMap<string, string>
  /** The `iss` of the cluster's documents; undefined where none was read. */
  readonly clusterIssuer: string | undefined
  readonly removals: readonly RevocationRemoval[]
  readonly alarms: readonly Alarm[]
}

/** `now`: the time of the round. */
export function evaluateRound(facts: RoundFacts, before: RoundBefore, rules: RoundRules, now: Date): RoundEvaluation {
  const read = withoutFaults(facts.readings.map(({ documents }) => documents))
  const { confirmed, unconfirmed, known } = evaluateServers({
    ...facts,
    configured: [rules.cluster.server, ...rules.replicas.map(({ href }) => href.replace(/\/$/, ''))],
    known: before.servers ?? recordedServers(facts),
    published: before.published,
    acceptedKeys: rules.acceptedKeys,
    confirmingRounds: confirmingRounds(rules),
  })
  const served = mergeKeys(confirmed)
  const signing = signingOf(facts)
  const observed = [...served, ...before.everServed, ...before.published]
  const merged =
    facts.keyState instanceof PullpassError ? undefined : mergeKeyStates(facts.keyState, before.keyState, observed)
  const recorded = merged ?? before.keyState
  const seen = { served, signing: [...signing.keys()], published: before.published }
  const keyState = recorded && observeKeys(recorded, seen, now)
  const removals = keepRemovals(before.removals, merged?.removed ?? [], now)
  const isLater = before.keyState !== undefined
  const firstAuthorities = isLater ? before.firstAuthorities : firstRecorded(facts, rules)
  const isWhole = facts.replicasFault === undefined && facts.readings.every(isWholeReading)
  return {
    keyState,
    missed: countMissed(before.missed, keyState, { served, signing, isWhole }),
    served,
    unconfirmed,
    servers: before.servers === undefined && facts.keyState instanceof PullpassError ? undefined : known,
    firstAuthorities,
    everServed: mergeKeys(served, before.everServed).filter(
      (key) => keyState === undefined || isStaying(keyState, key),
    ),
    signing,
    clusterIssuer: read[0]?.issuer,
    removals,
    alarms: [
      ...alarmsOf(facts),
      ...authorityAlarms({
        ...facts,
        trusted: rules.trusted,
        recorded: recordedIn(facts),
        isRecorded: isLater,
        firstAuthorities,
      }),
      ...removals.map(({ alarm }) => alarm),
      ...(keyState ? signingAlarms(signing, served, keyState) : []),
    ],
  }
}

/** After a restart of the watch, only recorded API servers are known. */
function recordedServers({ keyState }: RoundFacts): KnownServers | undefined {
  if (keyState instanceof PullpassError || keyState.servers === undefined) return undefined
  return new Map(keyState.servers.map((from) => [from, 0]))
}

function firstRecorded(
  { keyState, trustedAuthorities = [] }: RoundFacts,
  { trusted }: RoundRules,
): readonly Authority[] {
  const isFirst = !(keyState instanceof PullpassError) && keyState.authorities === undefined
  return isFirst && trusted.accepted.length === 0 ? trustedAuthorities : []
}

const recordedIn = ({ keyState }: RoundFacts) => (keyState instanceof PullpassError ? undefined : keyState.authorities)

/** A response without a key is none: an API server has at least the one that it signs with. */
const isWholeReading = ({ documents, token }: RoundFacts['readings'][number]): boolean =>
  !(documents instanceof PullpassError) &&
  !(token instanceof PullpassError) &&
  documents.keys.some((key) => whyUnusable(key) === undefined)

function signingOf({ readings }: RoundFacts): Map<string, string> {
  const tokens = withoutFaults(readings.map(({ token }) => token))
  return new Map(tokens.flatMap(({ keyId, issuer }) => (keyId === undefined ? [] : [[keyId, issuer] as const])))
}

/** Not a revoked key: once the revocation is removed, it has to be served again. */
const isStaying = (keyState: KeyState, key: IssuerKey): boolean =>
  keyState.keys.some((one) => one.key.keyId === key.keyId) && !isRevoked(keyState, key)

interface ObservedKeys {
  readonly served: readonly IssuerKey[]
  readonly signing: ReadonlyMap<string, string>
  readonly isWhole: boolean
}

function countMissed(
  before: RoundBefore['missed'],
  keyState: KeyState = emptyKeyState,
  observed: ObservedKeys,
): Map<string | undefined, number> {
  const here = new Set([...observed.served.map(({ keyId }) => keyId), ...observed.signing.keys()])
  const absent = keyState.keys.map(({ key }) => key.keyId).filter((keyId) => !here.has(keyId))
  return new Map(absent.map((keyId) => [keyId, (before.get(keyId) ?? 0) + (observed.isWhole ? 1 : 0)]))
}

const noKeyAlarm = (subject: string): Alarm =>
  publishAlarm({
    code: 'API_SERVER_UNREADABLE',
    subject,
    seen: `${subject} serves no key`,
    expected: 'at least the key that it signs tokens with',
  })

function alarmsOf({ readings, replicasFault, keyState }: RoundFacts): Alarm[] {
  const unread = (code: Alarm['code'], subject: string, fault: unknown): Alarm[] =>
    fault instanceof PullpassError ? [faultAlarm(code, subject, fault)] : []
  return [
    ...unread('API_SERVERS_UNKNOWN', '', replicasFault),
    ...unread('KEY_STATE_UNREADABLE', '', keyState),
    ...readings.flatMap(({ from, documents, token }) => [
      ...unread('API_SERVER_UNREADABLE', from, documents),
      ...(documents instanceof PullpassError ? [] : unread('TOKEN_UNAVAILABLE', from, token)),
      ...(documents instanceof PullpassError || documents.keys.length > 0 ? [] : [noKeyAlarm(from)]),
    ]),
  ]
}

function signingAlarms(signing: RoundEvaluation['signing'], served: readonly IssuerKey[], keyState: KeyState): Alarm[] {
  return [...signing.keys()].flatMap((keyId): Alarm[] => {
    const key = served.find((one) => one.keyId === keyId)
    const digest = digestOf(keyId)
    if (!keyState.revocations.some((one) => one.digest === digest) && !(key && isRevoked(keyState, key))) return []
    return [
      publishAlarm({
        code: 'KEY_REVOKED',
        subject: keyId,
        seen: `the cluster signs tokens with key ${quote(keyId)}, which is revoked: every exchange is refused`,
        expected: 'a signing key that is not revoked',
        hint: 'configure another signing key in each API server (--service-account-signing-key-file)',
      }),
    ]
  })
}

export interface SeenKeys {
  /** Served by any API server in this round. */
  readonly served: readonly IssuerKey[]
  /** By kid: tokens that the cluster signed in this round. */
  readonly signing: readonly string[]
  /** As anonymous clients read them. */
  readonly published: readonly IssuerKey[]
}

/**
 * A served key is seen now; of two with one kid, the served one counts. A key that is public and unknown counts
 * as seen now: a lost key state withdraws nothing. Revoked and unusable keys are not recorded. Nothing was seen later
 * than now: a clock was ahead, or the key state was edited.
 * @internal
 */
export function observeKeys(keyState: KeyState, seen: SeenKeys, now: Date): KeyState {
  const known = new Map(keyState.keys.map((one) => [one.key.keyId, seenBy(now, one)]))
  for (const key of seen.served) known.set(key.keyId, seenNow(key, known.get(key.keyId), now))
  for (const key of seen.published) if (!known.has(key.keyId)) known.set(key.keyId, seenNow(key, undefined, now))
  for (const keyId of seen.signing) {
    const one = known.get(keyId)
    if (one !== undefined) known.set(keyId, { ...one, lastSeenAt: now })
  }
  const keys = [...known.values()].filter(({ key }) => whyUnusable(key) === undefined && !isRevoked(keyState, key))
  return { ...keyState, keys }
}

function seenBy(now: Date, { key, firstSeenAt, lastSeenAt, publishedAt }: RecordedKey): RecordedKey {
  const notAfter = (at: Date) => (at > now ? now : at)
  const published = publishedAt && { publishedAt: notAfter(publishedAt) }
  return { key, firstSeenAt: notAfter(firstSeenAt), lastSeenAt: notAfter(lastSeenAt), ...published }
}

function seenNow(key: IssuerKey, before: RecordedKey | undefined, now: Date): RecordedKey {
  const same = before !== undefined && sameKey(before.key, key)
  return same ? { ...before, key, lastSeenAt: now } : { key, firstSeenAt: now, lastSeenAt: now }
}

/** A revocation that was removed from the ConfigMap: it is restored immediately, and is an alarm for an hour. */
interface RevocationRemoval {
  readonly at: Date
  readonly alarm: Alarm
}

const alarmForMs = 3_600_000

/** Those of the last hour, one for each key, and those that were `removed` now. */
function keepRemovals(
  before: readonly RevocationRemoval[],
  removed: readonly Revocation[],
  now: Date,
): RevocationRemoval[] {
  const added = removed.map(({ keyId, digest }) => ({ at: now, alarm: removedAlarm(keyId ?? digest) }))
  const isOver = ({ at, alarm }: RevocationRemoval) =>
    now.getTime() - at.getTime() >= alarmForMs || added.some((one) => one.alarm.subject === alarm.subject)
  return [...before.filter((one) => !isOver(one)), ...added]
}

const removedAlarm = (subject: string): Alarm =>
  publishAlarm({
    code: 'REVOCATION_REMOVED',
    subject,
    seen: `the revocation of key ${quote(subject)} was removed from the ConfigMap, or changed there: it remains in force, and is restored`,
    hint: 'check which clients may write the ConfigMap; to undo a revocation, stop issuer watch first',
  })

/** The facts of one round that determine the public keys: each API server, its authorities, and the key state. */
export interface RoundFacts {
  readonly readings: readonly ApiServerReading[]
  /** `untrusted`: no API server with a certificate of a trusted authority responded, and others were queried. */
  readonly authority: 'trusted' | 'untrusted'
  /** Why it is not known where the API servers are. */
  readonly replicasFault: PullpassError | undefined
  /** As the cluster has it, or why it could not be read. */
  readonly keyState: StoredKeyState | PullpassError
  /** The CA bundle as it is now, or why it cannot be read. */
  readonly configured: readonly Authority[] | PullpassError
  /** Undefined as long as the key state could not be read. */
  readonly trustedAuthorities: readonly Authority[] | undefined
}

/** `before`: what is trusted since the first round that read the key state. */
export async function gatherRound(config: WatchConfig, before: RoundFacts['trustedAuthorities']): Promise<RoundFacts> {
  const reading = readKeyState(config.cluster, config.keyStateRef, stateRetry).catch(asFault)
  const trustedAuthorities = before ?? trustedBy(config, await reading)
  const [servers, keyState, configured] = await Promise.all([
    readServers(config, trustedAuthorities),
    reading,
    config.cluster.authorities().then(parseAuthorities, asFault),
  ])
  const { responses, fault, authority } = servers
  return { readings: responses, authority, replicasFault: fault, keyState, configured, trustedAuthorities }
}

const trustedBy = ({ trusted }: WatchConfig, keyState: KeyState | PullpassError): RoundFacts['trustedAuthorities'] =>
  keyState instanceof PullpassError ? undefined : trustedOf(trusted, keyState.authorities ?? [])

/** API servers without a certificate of a trusted authority get a credential only if no trusted one responds. */
async function readServers(
  { trusted: { pinned }, ...config }: WatchConfig,
  trustedAuthorities: RoundFacts['trustedAuthorities'],
): Promise<ApiServerResponses<ApiServerReading> & Pick<RoundFacts, 'authority'>> {
  if (trustedAuthorities === undefined || trustedAuthorities.length === pinned.length) {
    return { ...(await readApiServers(config)), authority: 'trusted' }
  }
  if (trustedAuthorities.length > 0) {
    const authorities = trustedAuthorities.map(({ certificate }) => certificate)
    const queried = await readApiServers({ ...config, authorities })
    const isRead = queried.responses.some(({ documents }) => !(documents instanceof PullpassError))
    if (isRead) return { ...queried, authority: 'trusted' }
  }
  return { ...(await readApiServers(config)), authority: 'untrusted' }
}
