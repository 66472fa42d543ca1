/** One round of a watch: gather, evaluate, act. What it does not throw is an alarm, and the next round tries again. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { quote, shellQuote } from '../../text/plain-text.ts'
import { emptyKeyState, isRevoked, type KeyState, readKeyState } from '../key-state.ts'
import { issuerToPublish } from '../publish.ts'
import type { Alarm } from './alarm.ts'
import { forgetOldKeys, type KeyChoice } from './choose-keys.ts'
import { type ClockEvaluation, evaluateClock } from './clock.ts'
import { evaluateRound, gatherRound, type RoundEvaluation, type RoundFacts } from './evaluate-round.ts'
import { announceServers, heldKeyAlarms } from './known-servers.ts'
import { nothingTried, type Publishing, publishRound } from './publish-round.ts'
import { type LoggedAlarms, reportAlarms } from './report-alarms.ts'
import { announceSafeKeys, notePublished, safeKeysOf } from './safe-keys.ts'
import { confirmingRounds, type WatchConfig, type WatchStatus } from './state.ts'
import { writeKeyState } from './write-key-state.ts'

export interface WatchState {
  readonly memory: KeyState | undefined
  readonly missed: RoundEvaluation['missed']
  readonly witnessed: RoundEvaluation['witnessed']
  readonly removals: RoundEvaluation['removals']
  readonly servers: RoundEvaluation['servers']
  readonly believed: RoundFacts['believed']
  readonly firstAuthorities: RoundEvaluation['firstAuthorities']
  readonly publishing: Publishing
  /** Settled by the first round: in a roll-out to another issuer replicas differ. */
  readonly issuer: string | undefined
  readonly logged: LoggedAlarms
  readonly status: WatchStatus
}

export const firstState: WatchState = {
  memory: undefined,
  missed: new Map(),
  witnessed: [],
  removals: [],
  servers: undefined,
  believed: undefined,
  firstAuthorities: [],
  publishing: nothingTried,
  issuer: undefined,
  logged: new Map(),
  status: {
    issuer: undefined,
    lookedAt: new Date(0),
    rounds: 0,
    replicas: { queried: 0, read: 0 },
    keys: { published: 0, remembered: 0, revoked: 0 },
    publishedAt: undefined,
    unstoredRounds: 0,
    safeToSign: [],
    alarms: [],
  },
}

/** @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, and the signal's reason */
export async function watchRound(before: WatchState, config: WatchConfig, context: Context): Promise<WatchState> {
  const facts = await gatherRound(config, before.believed)
  context.signal.throwIfAborted()
  const now = context.now()
  const clock = evaluateClock(facts.readings, now)
  const verdict = evaluateRound(facts, { ...before, published: before.publishing.published }, config, clock.seenAt)
  if (verdict.memory !== undefined) config.served?.withhold(verdict.memory)
  const issuer = before.issuer ?? settleIssuer(config, verdict)
  const missed = longMissed(verdict, clock, config)
  const choice = { now, keepForMs: config.keepForMs, missed, witnessed: verdict.witnessed }
  const publishing = await actOn({ facts, verdict, issuer, choice }, before, config, context)
  const memory = verdict.memory && {
    ...notePublished(rememberAfter(verdict.memory, publishing, before, choice), publishing, before.publishing, now),
    ...recordedAuthorities(facts),
    ...recordedServers(facts, before.servers, verdict.servers),
  }
  const unwritten = await remember(memory, facts, clock, config)
  const alarms = [
    ...clock.alarms,
    ...verdict.alarms,
    ...publishing.alarms,
    ...tokenAlarms(verdict, publishing, issuer),
    ...heldKeyAlarms(verdict.held, (key) => isRevoked(memory ?? emptyKeyState, key), publishing.published),
    ...unwritten,
  ]
  const safeToSign = safeKeysOf(memory ?? emptyKeyState, publishing, verdict)
  await announceSafeKeys(safeToSign, before.status.safeToSign, config.events, context)
  await announceServers(before.servers, verdict.servers, config.events, context)
  return {
    memory,
    missed: verdict.missed,
    witnessed: verdict.witnessed,
    removals: verdict.removals,
    servers: verdict.servers,
    believed: facts.believed,
    firstAuthorities: verdict.firstAuthorities,
    publishing,
    issuer,
    logged: await reportAlarms(alarms, before.logged, config.events, context),
    status: {
      issuer,
      lookedAt: context.now(),
      rounds: before.status.rounds + 1,
      replicas: { queried: facts.readings.length, read: facts.readings.filter(isRead).length },
      keys: countKeys(memory, publishing),
      publishedAt: publishing.publishedAt,
      unstoredRounds: alarms.some(isStateAlarm) ? before.status.unstoredRounds + 1 : 0,
      safeToSign,
      alarms,
    },
  }
}

/** Where nothing is believed, what is recorded stays: it is what an operator has to compare with. */
const recordedAuthorities = ({ believed = [] }: RoundFacts): Pick<KeyState, 'authorities'> =>
  believed.length === 0 ? {} : { authorities: believed.map(({ fingerprint }) => fingerprint) }

/** Written where they changed, or where none are: two watches that learn of one at different looks do not write in turn. */
function recordedServers(
  { memory }: RoundFacts,
  before: WatchState['servers'],
  after: WatchState['servers'],
): Pick<KeyState, 'servers'> {
  const [was, is] = [before, after].map((servers) => [...(servers?.keys() ?? [])].toSorted())
  if (is === undefined || is.length === 0 || memory instanceof PullpassError) return {}
  const isNew = before !== undefined && was?.join() !== is.join()
  return isNew || memory.servers === undefined ? { servers: is.slice(0, mostServers) } : { servers: memory.servers }
}

/** As many as are queried. */
const mostServers = 32

const isStateAlarm = ({ code }: Alarm) => code === 'KEY_STATE_UNREADABLE' || code === 'KEY_STATE_UNWRITABLE'

const isRead = ({ documents }: RoundFacts['readings'][number]) => !(documents instanceof PullpassError)

const countKeys = (memory: KeyState = emptyKeyState, { published }: Publishing): WatchStatus['keys'] => ({
  published: published.length,
  remembered: memory.keys.length,
  revoked: memory.revocations.length,
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

function settleIssuer({ issuerUrl, target }: WatchConfig, { clusterIssuer }: RoundEvaluation): string | undefined {
  return clusterIssuer === undefined ? undefined : issuerToPublish(issuerUrl, target, clusterIssuer)
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
  { publishing, memory: known }: WatchState,
  { cluster, target, memory: place, checkIntervalMs, served: servedDocuments }: WatchConfig,
  context: Context,
): Promise<Publishing> {
  const { memory, served } = verdict
  if (memory === undefined || issuer === undefined) return publishing
  if (memory.keys.length === 0 && served.length === 0) return publishing
  const remembered = known ?? (facts.memory instanceof PullpassError ? emptyKeyState : facts.memory)
  const knows = remembered.keys.length > 0 ? 'keys' : 'nothing'
  const readAgain = async () => withRevocations(memory, await readKeyState(cluster, place).catch(asFault))
  const { readings } = facts
  const onPublished = servedDocuments?.replace
  const keys = { issuer, memory, readAgain, knows, served, choice, readings } as const
  return await publishRound({ ...keys, target, checkIntervalMs, onPublished }, publishing, context)
}

/** What cannot be read now is read in the next round. */
const withRevocations = (memory: KeyState, found: KeyState | PullpassError): KeyState =>
  found instanceof PullpassError ? memory : { ...memory, revocations: [...memory.revocations, ...found.revocations] }

/** What is over is forgotten once it is withdrawn, and not before: by it a publication is known as this cluster's own. */
function rememberAfter(memory: KeyState, after: Publishing, before: WatchState, choice: KeyChoice): KeyState {
  return after !== before.publishing && after.failures === 0 ? forgetOldKeys(memory, choice) : memory
}

/** Where the cluster's own memory could not be read, it is not known what to change there. */
async function remember(
  memory: KeyState | undefined,
  { memory: stored }: RoundFacts,
  { seenAt }: ClockEvaluation,
  config: WatchConfig,
): Promise<Alarm[]> {
  if (memory === undefined || stored instanceof PullpassError) return []
  return await writeKeyState(memory, { stored, now: seenAt }, config)
}

// Alarms about fresh tokens of the cluster: an exchange with such a token fails.

/** `issuer`: the one that is published; undefined before it is known. */
function tokenAlarms(
  { signing, memory }: RoundEvaluation,
  { published }: Publishing,
  issuer: string | undefined,
): Alarm[] {
  if (memory === undefined || issuer === undefined) return []
  return [...signing].flatMap(([keyId, iss]): Alarm[] => [
    ...(published.some((key) => key.keyId === keyId) ? [] : [unpublished(keyId)]),
    ...(iss === issuer ? [] : [otherIssuer(iss, issuer)]),
  ])
}

const unpublished = (keyId: string): Alarm => ({
  code: 'KEY_UNPUBLISHED',
  subject: keyId,
  message: `a token fresh from the cluster is signed by key ${quote(keyId)}, which is not public: exchanges with it are refused; fix: see that its public half is among --service-account-key-file of each API server, and what else is said here`,
})

const otherIssuer = (iss: string, issuer: string): Alarm => ({
  code: 'TOKEN_ISSUER_MISMATCH',
  subject: iss,
  message: `a token fresh from the cluster carries issuer ${quote(iss)}, published is ${issuer}; fix: where tokens are to carry what is published, it takes two roll-outs: pullpass issuer show --to-issuer ${shellQuote(issuer)} prints them`,
})
