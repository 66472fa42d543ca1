/** One round of a watch: gather, evaluate, act. What it does not throw is an alarm, and the next round tries again. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import { quote } from '../../text/plain-text.ts'
import { shellOperand } from '../../text/shell.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { digestOf, emptyKeyState, isRevoked, type KeyState, readKeyState } from '../key-state.ts'
import { issuerToPublish } from '../publish.ts'
import { type Alarm, type LoggedAlarms, publishAlarm, reportAlarms } from './alarms.ts'
import { forgetOldKeys, type KeyChoice } from './choose-keys.ts'
import { type ClockEvaluation, evaluateClock } from './clock.ts'
import { evaluateRound, gatherRound, type RoundEvaluation, type RoundFacts } from './evaluate-round.ts'
import { announceServers, unconfirmedKeyAlarms } from './known-servers.ts'
import { nothingTried, type Publishing, publishRound } from './publish-round.ts'
import { announceSafeKeys, notePublished, safeKeysOf } from './safe-keys.ts'
import { writeKeyState } from './stored-key-state.ts'
import { confirmingRounds, type WatchConfig, type WatchStatus } from './watch-config.ts'

export interface WatchState {
  readonly keyState: KeyState | undefined
  readonly missed: RoundEvaluation['missed']
  readonly everServed: RoundEvaluation['everServed']
  readonly removals: RoundEvaluation['removals']
  readonly servers: RoundEvaluation['servers']
  readonly trustedAuthorities: RoundFacts['trustedAuthorities']
  readonly firstAuthorities: RoundEvaluation['firstAuthorities']
  readonly publishing: Publishing
  /** Settled by the first round: in a roll-out to another issuer replicas differ. */
  readonly issuer: string | undefined
  readonly logged: LoggedAlarms
  readonly status: WatchStatus
}

export const firstState: WatchState = {
  keyState: undefined,
  missed: new Map(),
  everServed: [],
  removals: [],
  servers: undefined,
  trustedAuthorities: undefined,
  firstAuthorities: [],
  publishing: nothingTried,
  issuer: undefined,
  logged: new Map(),
  status: {
    issuer: undefined,
    finishedAt: new Date(0),
    rounds: 0,
    replicas: { queried: 0, read: 0 },
    keys: { published: 0, recorded: 0, revoked: 0 },
    publishedAt: undefined,
    unstoredRounds: 0,
    safeToSign: [],
    alarms: [],
  },
}

/** @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, and the signal's reason */
export async function watchRound(before: WatchState, config: WatchConfig, context: VendorContext): Promise<WatchState> {
  const facts = await gatherRound(config, before.trustedAuthorities)
  context.signal.throwIfAborted()
  const now = context.now()
  const clock = evaluateClock(facts.readings, now)
  const verdict = evaluateRound(facts, { ...before, published: before.publishing.published }, config, clock.seenAt)
  if (verdict.keyState !== undefined) config.served?.withhold(verdict.keyState)
  const issuer = before.issuer ?? settleIssuer(config, verdict, context)
  const missed = longMissed(verdict, clock, config)
  const choice = { now, keepForMs: config.keepForMs, missed, everServed: verdict.everServed }
  const publishing = await actOn({ facts, verdict, issuer, choice }, before, config, context)
  const keyState = verdict.keyState && {
    ...notePublished(keyStateAfter(verdict.keyState, publishing, before, choice), publishing, before.publishing, now),
    ...recordedAuthorities(facts),
    ...recordedServers(facts, before.servers, verdict.servers),
  }
  const unwritten = await storeKeyState(keyState, facts, clock, config)
  const alarms = [
    ...clock.alarms,
    ...verdict.alarms,
    ...publishing.alarms,
    ...tokenAlarms(verdict, publishing, issuer),
    ...unconfirmedKeyAlarms(
      verdict.unconfirmed,
      (key) => isRevoked(keyState ?? emptyKeyState, key),
      publishing.published,
    ),
    ...unwritten,
  ]
  const safeToSign = safeKeysOf(keyState ?? emptyKeyState, publishing, verdict)
  await announceSafeKeys(safeToSign, before.status.safeToSign, config.events, context)
  await announceServers(before.servers, verdict.servers, config.events, context)
  return {
    keyState,
    missed: verdict.missed,
    everServed: verdict.everServed,
    removals: verdict.removals,
    servers: verdict.servers,
    trustedAuthorities: facts.trustedAuthorities,
    firstAuthorities: verdict.firstAuthorities,
    publishing,
    issuer,
    logged: await reportAlarms(alarms, before.logged, config.events, context),
    status: {
      issuer,
      finishedAt: context.now(),
      rounds: before.status.rounds + 1,
      replicas: { queried: facts.readings.length, read: facts.readings.filter(isRead).length },
      keys: countKeys(keyState, publishing),
      publishedAt: publishing.publishedAt,
      unstoredRounds: alarms.some(isStateAlarm) ? before.status.unstoredRounds + 1 : 0,
      safeToSign,
      alarms,
    },
  }
}

/** If no authority is trusted, the record stays unchanged, so that an operator can compare with it. */
const recordedAuthorities = ({ trustedAuthorities = [] }: RoundFacts): Pick<KeyState, 'authorities'> =>
  trustedAuthorities.length === 0 ? {} : { authorities: trustedAuthorities.map(({ fingerprint }) => fingerprint) }

/** Written if they changed, or if none are recorded: two watches that find one in different rounds do not overwrite each other. */
function recordedServers(
  { keyState }: RoundFacts,
  before: WatchState['servers'],
  after: WatchState['servers'],
): Pick<KeyState, 'servers'> {
  const [was, is] = [before, after].map((servers) => [...(servers?.keys() ?? [])].toSorted())
  if (is === undefined || is.length === 0 || keyState instanceof PullpassError) return {}
  const isNew = before !== undefined && was?.join() !== is.join()
  return isNew || keyState.servers === undefined ? { servers: is.slice(0, mostServers) } : { servers: keyState.servers }
}

/** As many as are queried. */
const mostServers = 32

const isStateAlarm = ({ code }: Alarm) => code === 'KEY_STATE_UNREADABLE' || code === 'KEY_STATE_UNWRITABLE'

const isRead = ({ documents }: RoundFacts['readings'][number]) => !(documents instanceof PullpassError)

const countKeys = (keyState: KeyState = emptyKeyState, { published }: Publishing): WatchStatus['keys'] => ({
  published: published.length,
  recorded: keyState.keys.length,
  revoked: keyState.revocations.length,
})

/** Keys whose age counts; none while the clocks differ. */
function longMissed(
  { missed }: RoundEvaluation,
  { ages }: ClockEvaluation,
  config: WatchConfig,
): Set<string | undefined> {
  const needed = confirmingRounds(config)
  const long = ages === 'count' ? [...missed].filter(([, rounds]) => rounds >= needed) : []
  return new Set(long.map(([keyId]) => keyId))
}

function settleIssuer(
  { issuerUrl, target }: WatchConfig,
  { clusterIssuer }: RoundEvaluation,
  { vendors }: VendorContext,
): string | undefined {
  return clusterIssuer === undefined ? undefined : issuerToPublish(issuerUrl, target, clusterIssuer, vendors)
}

interface Evaluated {
  readonly facts: RoundFacts
  readonly verdict: RoundEvaluation
  readonly issuer: string | undefined
  readonly choice: KeyChoice
}

/** Nothing is published for a cluster that was never read, nor before it is known what is revoked. */
async function actOn(
  { facts, verdict, issuer, choice }: Evaluated,
  { publishing, keyState: known }: WatchState,
  { cluster, target, keyStateRef, checkIntervalMs, served: servedDocuments }: WatchConfig,
  context: VendorContext,
): Promise<Publishing> {
  const { keyState, served } = verdict
  if (keyState === undefined || issuer === undefined) return publishing
  if (keyState.keys.length === 0 && served.length === 0) return publishing
  const recorded = known ?? (facts.keyState instanceof PullpassError ? emptyKeyState : facts.keyState)
  const hadKeys = recorded.keys.length > 0
  const readAgain = async () => withRevocations(keyState, await readKeyState(cluster, keyStateRef).catch(asFault))
  const { readings } = facts
  const onPublished = servedDocuments?.replace
  const keys = { issuer, keyState, readAgain, hadKeys, served, choice, readings } as const
  return await publishRound({ ...keys, target, checkIntervalMs, onPublished }, publishing, context)
}

/** What cannot be read now is read in the next round. */
const withRevocations = (keyState: KeyState, found: KeyState | PullpassError): KeyState =>
  found instanceof PullpassError
    ? keyState
    : { ...keyState, revocations: [...keyState.revocations, ...found.revocations] }

/** What is over is forgotten once it is withdrawn, and not before: by it a publication is known as this cluster's own. */
function keyStateAfter(keyState: KeyState, after: Publishing, before: WatchState, choice: KeyChoice): KeyState {
  return after !== before.publishing && after.failures === 0 ? forgetOldKeys(keyState, choice) : keyState
}

/** Where the stored key state could not be read, the changes to it are unknown. */
async function storeKeyState(
  keyState: KeyState | undefined,
  { keyState: stored }: RoundFacts,
  { seenAt }: ClockEvaluation,
  config: WatchConfig,
): Promise<Alarm[]> {
  if (keyState === undefined || stored instanceof PullpassError) return []
  return await writeKeyState(keyState, { stored, now: seenAt }, config)
}

// Alarms about fresh tokens of the cluster: an exchange with such a token fails.

/** `issuer`: the one that is published; undefined before it is known. */
function tokenAlarms(
  { signing, keyState }: RoundEvaluation,
  { published }: Publishing,
  issuer: string | undefined,
): Alarm[] {
  if (keyState === undefined || issuer === undefined) return []
  return [...signing].flatMap(([keyId, iss]): Alarm[] => [
    ...(published.some((key) => key.keyId === keyId) ? [] : [unpublished(keyId, keyState)]),
    ...(iss === issuer ? [] : [otherIssuer(iss, issuer)]),
  ])
}

/** A revoked key is not published again, wherever it is configured. */
const unpublished = (keyId: string, { revocations }: KeyState): Alarm =>
  publishAlarm({
    code: 'KEY_UNPUBLISHED',
    subject: keyId,
    seen: `a new token of the cluster is signed by key ${quote(keyId)}, which is not public: exchanges with it are refused`,
    expected: 'a published signing key',
    hint: revocations.some(({ digest }) => digest === digestOf(keyId))
      ? 'it was revoked, and is not published again: configure another signing key in each API server (--service-account-signing-key-file)'
      : 'check that its public half is in a file of --service-account-key-file of each API server; see the other alarms',
  })

const otherIssuer = (iss: string, issuer: string): Alarm =>
  publishAlarm({
    code: 'TOKEN_ISSUER_MISMATCH',
    subject: iss,
    seen: `a new token of the cluster has issuer ${quote(iss)}, and the published issuer is ${issuer}`,
    expected: 'tokens with the published issuer',
    hint: 'if tokens are to have the published issuer, change the issuer of the cluster in two roll-outs; for the steps',
    command: `pullpass issuer show --to-issuer ${shellOperand(issuer, 'ISSUER')}`,
  })
