/** One round of a watch: gather, judge, act. Everything that it does not throw is an alarm, and the next round tries again. */
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { emptyMemory, isRevoked, type KeyMemory, readMemory } from '../key-state.ts'
import { issuerToPublish } from '../publish.ts'
import type { Alarm } from './alarm.ts'
import { forgetOldKeys, type KeyChoice } from './choose-keys.ts'
import { type ClockVerdict, judgeClock } from './clock.ts'
import { gatherRound, judgeRound, type RoundFacts, type RoundVerdict } from './evaluate-round.ts'
import { announceServers, heldKeyAlarms } from './known-servers.ts'
import { nothingTried, type Publishing, publishRound } from './publish-round.ts'
import { type LoggedAlarms, reportAlarms } from './report-alarms.ts'
import { announceSafeKeys, notePublished, safeKeysOf } from './safe-keys.ts'
import type { WatchStatus, WatchWanted } from './state.ts'
import { tokenAlarms } from './token-alarms.ts'
import { writeMemory } from './write-key-state.ts'

export interface WatchState {
  readonly memory: KeyMemory | undefined
  readonly missed: RoundVerdict['missed']
  readonly witnessed: RoundVerdict['witnessed']
  readonly removals: RoundVerdict['removals']
  readonly servers: RoundVerdict['servers']
  readonly believed: RoundFacts['believed']
  readonly firstAuthorities: RoundVerdict['firstAuthorities']
  readonly publishing: Publishing
  /** Settled by the first look: in a roll-out to another issuer replicas differ. */
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
    replicas: { asked: 0, read: 0 },
    keys: { published: 0, remembered: 0, revoked: 0 },
    publishedAt: undefined,
    unstoredRounds: 0,
    safeToSign: [],
    alarms: [],
  },
}

/** So many whole looks in a row, ten minutes of them, must miss a key before its age counts: a restart proves nothing. */
const looksToMiss = 40

/** @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, and the signal's reason */
export async function watchRound(before: WatchState, wanted: WatchWanted, context: Context): Promise<WatchState> {
  const facts = await gatherRound(wanted, before.believed)
  context.signal.throwIfAborted()
  const now = context.now()
  const clock = judgeClock(facts.readings, now)
  const verdict = judgeRound(facts, { ...before, published: before.publishing.published }, wanted, clock.seenAt)
  if (verdict.memory !== undefined) wanted.withhold?.(verdict.memory)
  const issuer = before.issuer ?? settleIssuer(wanted, verdict)
  const missed = longMissed(verdict, clock)
  const choice = { now, keepForMs: wanted.keepForMs, missed, witnessed: verdict.witnessed }
  const publishing = await actOn({ facts, verdict, issuer, choice }, before, wanted, context)
  const memory = verdict.memory && {
    ...notePublished(rememberAfter(verdict.memory, publishing, before, choice), publishing, before.publishing, now),
    ...recordedAuthorities(facts),
    ...recordedServers(facts, before.servers, verdict.servers),
  }
  const unwritten = await remember(memory, facts, clock, wanted)
  const alarms = [
    ...clock.alarms,
    ...verdict.alarms,
    ...publishing.alarms,
    ...tokenAlarms(verdict, publishing, issuer),
    ...heldKeyAlarms(verdict.held, (key) => isRevoked(memory ?? emptyMemory, key), publishing.published),
    ...unwritten,
  ]
  const safeToSign = safeKeysOf(memory ?? emptyMemory, publishing, verdict)
  await announceSafeKeys(safeToSign, before.status.safeToSign, wanted.events, context)
  await announceServers(before.servers, verdict.servers, wanted.events, context)
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
    logged: await reportAlarms(alarms, before.logged, wanted.events, context),
    status: {
      issuer,
      lookedAt: context.now(),
      rounds: before.status.rounds + 1,
      replicas: { asked: facts.readings.length, read: facts.readings.filter(isRead).length },
      keys: countKeys(memory, publishing),
      publishedAt: publishing.publishedAt,
      unstoredRounds: alarms.some(isStateAlarm) ? before.status.unstoredRounds + 1 : 0,
      safeToSign,
      alarms,
    },
  }
}

/** Where nothing is believed, what is recorded stays: it is what an operator has to compare with. */
const recordedAuthorities = ({ believed = [] }: RoundFacts): Pick<KeyMemory, 'authorities'> =>
  believed.length === 0 ? {} : { authorities: believed.map(({ fingerprint }) => fingerprint) }

/** Written where they changed, or where none are: two watches that learn of one at different looks do not write in turn. */
function recordedServers(
  { memory }: RoundFacts,
  before: WatchState['servers'],
  after: WatchState['servers'],
): Pick<KeyMemory, 'servers'> {
  const [was, is] = [before, after].map((servers) => [...(servers?.keys() ?? [])].toSorted())
  if (is === undefined || is.length === 0 || memory instanceof PullpassError) return {}
  const isNew = before !== undefined && was?.join() !== is.join()
  return isNew || memory.servers === undefined ? { servers: is.slice(0, mostServers) } : { servers: memory.servers }
}

/** As many as are asked. */
const mostServers = 32

const isStateAlarm = ({ code }: Alarm) => code === 'KEY_STATE_UNREADABLE' || code === 'KEY_STATE_UNWRITABLE'

const isRead = ({ documents }: RoundFacts['readings'][number]) => !(documents instanceof PullpassError)

const countKeys = (memory: KeyMemory = emptyMemory, { published }: Publishing): WatchStatus['keys'] => ({
  published: published.length,
  remembered: memory.keys.length,
  revoked: memory.revocations.length,
})

/** Keys whose age counts; none while the clocks differ. */
function longMissed({ missed }: RoundVerdict, { ages }: ClockVerdict): Set<string | undefined> {
  const long = ages === 'count' ? [...missed].filter(([, looks]) => looks >= looksToMiss) : []
  return new Set(long.map(([keyId]) => keyId))
}

function settleIssuer({ issuerUrl, target }: WatchWanted, { clusterIssuer }: RoundVerdict): string | undefined {
  return clusterIssuer === undefined ? undefined : issuerToPublish(issuerUrl, target, clusterIssuer)
}

interface Judged {
  readonly facts: RoundFacts
  readonly verdict: RoundVerdict
  readonly issuer: string | undefined
  readonly choice: KeyChoice
}

/** Nothing is published for a cluster that was never read, nor before it is known what is revoked. */
async function actOn(
  { facts, verdict, issuer, choice }: Judged,
  { publishing, memory: known }: WatchState,
  { cluster, target, memory: place }: WatchWanted,
  context: Context,
): Promise<Publishing> {
  const { memory, served } = verdict
  if (memory === undefined || issuer === undefined) return publishing
  if (memory.keys.length === 0 && served.length === 0) return publishing
  const remembered = known ?? (facts.memory instanceof PullpassError ? emptyMemory : facts.memory)
  const knows = remembered.keys.length > 0 ? 'keys' : 'nothing'
  const readAgain = async () => withRevocations(memory, await readMemory(cluster, place).catch(asFault))
  const wanted = { target, issuer, memory, readAgain, knows, served, choice, readings: facts.readings } as const
  return await publishRound(wanted, publishing, context)
}

/** What cannot be read now is read at the next look. */
const withRevocations = (memory: KeyMemory, found: KeyMemory | PullpassError): KeyMemory =>
  found instanceof PullpassError ? memory : { ...memory, revocations: [...memory.revocations, ...found.revocations] }

/** What is over is forgotten once it is withdrawn, and not before: by it a publication is known as this cluster's own. */
function rememberAfter(memory: KeyMemory, after: Publishing, before: WatchState, choice: KeyChoice): KeyMemory {
  return after !== before.publishing && after.failures === 0 ? forgetOldKeys(memory, choice) : memory
}

/** Where the cluster's own memory could not be read, it is not known what to change there. */
async function remember(
  memory: KeyMemory | undefined,
  { memory: stored }: RoundFacts,
  { seenAt }: ClockVerdict,
  wanted: WatchWanted,
): Promise<Alarm[]> {
  if (memory === undefined || stored instanceof PullpassError) return []
  return await writeMemory(memory, { stored, now: seenAt }, wanted)
}
