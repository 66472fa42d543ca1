/** One round of a watch: gather, judge, act. Everything that it does not throw is an alarm, and the next round tries again. */
import { writeConfigMap } from '../../kubernetes/config-map.ts'
import type { Outside } from '../../outside/outside.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { shellQuote } from '../../outside/shell-quote.ts'
import { emptyMemory, type KeyMemory } from '../memory/key-memory.ts'
import { memoryChanges } from '../memory/memory-changes.ts'
import { issuerToPublish } from '../publish/issuer-to-publish.ts'
import type { Alarm } from './alarm.ts'
import { forgetOldKeys, type KeyChoice } from './choose-keys.ts'
import { gatherRound, type RoundFacts } from './gather-round.ts'
import { type ClockVerdict, judgeClock } from './judge-clock.ts'
import { judgeRound, type RoundVerdict } from './judge-round.ts'
import { nothingTried, type Publishing, publishRound } from './publish-round.ts'
import { type ToldAlarms, tellAlarms } from './tell-alarms.ts'
import type { WatchStatus } from './watch-status.ts'
import type { WatchWanted } from './watch-wanted.ts'

export interface WatchState {
  readonly memory: KeyMemory | undefined
  readonly missed: RoundVerdict['missed']
  readonly witnessed: RoundVerdict['witnessed']
  readonly removals: RoundVerdict['removals']
  readonly publishing: Publishing
  /** Settled by the first look: in a roll-out to another issuer replicas differ. */
  readonly issuer: string | undefined
  readonly told: ToldAlarms
  readonly status: WatchStatus
}

export const firstState: WatchState = {
  memory: undefined,
  missed: new Map(),
  witnessed: [],
  removals: [],
  publishing: nothingTried,
  issuer: undefined,
  told: new Map(),
  status: {
    issuer: undefined,
    lookedAt: new Date(0),
    rounds: 0,
    replicas: { asked: 0, read: 0 },
    keys: { published: 0, remembered: 0, revoked: 0 },
    publishedAt: undefined,
    alarms: [],
  },
}

/** So many whole looks in a row, ten minutes of them, must miss a key before its age counts: a restart proves nothing. */
const looksToMiss = 40
/** A sight of a key that is known is written down this often: it costs the cluster a write. */
const rememberEveryMs = 10 * 60_000

/** @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR, and the signal's reason */
export async function watchRound(before: WatchState, wanted: WatchWanted, outside: Outside): Promise<WatchState> {
  const facts = await gatherRound(wanted)
  outside.signal.throwIfAborted()
  const now = outside.now()
  const clock = judgeClock(facts.readings, now)
  const verdict = judgeRound(facts, { ...before, published: before.publishing.published }, clock.seenAt)
  const issuer = before.issuer ?? settleIssuer(wanted, verdict)
  const missed = longMissed(verdict, clock)
  const choice = { now, keepForMs: wanted.keepForMs, missed, witnessed: verdict.witnessed }
  const publishing = await actOn({ facts, verdict, issuer, choice }, before, wanted, outside)
  const memory = verdict.memory && rememberAfter(verdict.memory, publishing, before, choice)
  const alarms = [...clock.alarms, ...verdict.alarms, ...publishing.alarms, ...tokenAlarms(verdict, publishing, issuer)]
  alarms.push(...(await remember(facts, memory, { wanted, now: clock.seenAt })))
  return {
    memory,
    missed: verdict.missed,
    witnessed: verdict.witnessed,
    removals: verdict.removals,
    publishing,
    issuer,
    told: await tellAlarms(alarms, before.told, wanted, outside),
    status: {
      issuer,
      lookedAt: outside.now(),
      rounds: before.status.rounds + 1,
      replicas: { asked: facts.readings.length, read: facts.readings.filter(isRead).length },
      keys: {
        published: publishing.published.length,
        remembered: memory?.keys.length ?? 0,
        revoked: memory?.revocations.length ?? 0,
      },
      publishedAt: publishing.publishedAt,
      alarms,
    },
  }
}

const isRead = ({ documents }: RoundFacts['readings'][number]) => !(documents instanceof PullpassError)

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
  { target }: WatchWanted,
  outside: Outside,
): Promise<Publishing> {
  const { memory, served } = verdict
  if (memory === undefined || issuer === undefined || memory.keys.length === 0) return publishing
  const remembered = known ?? (facts.memory instanceof PullpassError ? emptyMemory : facts.memory)
  const knows = remembered.keys.length > 0 ? 'keys' : 'nothing'
  const wanted = { target, issuer, memory, knows, served, choice, readings: facts.readings } as const
  return await publishRound(wanted, publishing, outside)
}

/** What is over is forgotten once it is withdrawn, and not before: by it a publication is known as this cluster's own. */
function rememberAfter(memory: KeyMemory, after: Publishing, before: WatchState, choice: KeyChoice): KeyMemory {
  return after !== before.publishing && after.failures === 0 ? forgetOldKeys(memory, choice) : memory
}

async function remember(
  facts: RoundFacts,
  memory: KeyMemory | undefined,
  { wanted, now }: { readonly wanted: WatchWanted; readonly now: Date },
): Promise<Alarm[]> {
  if (memory === undefined || facts.memory instanceof PullpassError) return []
  const changes = memoryChanges(facts.memory, withStoredSights(memory, facts.memory, now))
  if (Object.keys(changes).length === 0) return []
  try {
    await writeConfigMap(wanted.cluster, wanted.memory, changes)
    return []
  } catch (fault) {
    if (!(fault instanceof PullpassError)) throw fault
    const says = `${fault.code}: ${fault.seen}${fault.hint === undefined ? '' : `; fix: ${fault.hint}`}`
    return [{ reason: 'MemoryUnwritten', subject: '', says }]
  }
}

/** A key that was written down lately is left as it stands there; a sight in the future is put right. */
function withStoredSights(memory: KeyMemory, stored: KeyMemory, now: Date): KeyMemory {
  const known = new Map(stored.keys.map((one) => [one.key.keyId, one]))
  const keys = memory.keys.map((one) => {
    const there = known.get(one.key.keyId)
    const ageMs = now.getTime() - (there?.lastSeenAt.getTime() ?? 0)
    return there !== undefined && ageMs >= 0 && ageMs < rememberEveryMs ? { ...one, lastSeenAt: there.lastSeenAt } : one
  })
  return { ...memory, keys }
}

function tokenAlarms(
  { signing, memory }: RoundVerdict,
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
  reason: 'KeyUnpublished',
  subject: keyId,
  says: `a token fresh from the cluster is signed by key ${quote(keyId)}, which is not public: exchanges with it are refused; fix: see that its public half is among --service-account-key-file of each API server, and what else is said here`,
})

const otherIssuer = (iss: string, issuer: string): Alarm => ({
  reason: 'IssuerDiffers',
  subject: iss,
  says: `a token fresh from the cluster carries issuer ${quote(iss)}, published is ${issuer}; fix: set ${shellQuote(`--service-account-issuer=${issuer}`)} before it, and keep the old one second: pullpass issuer show prints how`,
})
