/**
 * The state of a pull secret, by its metadata alone: pure. An entry, from its refresh to its expiry:
 *
 *   refreshed ────── fresh ──────▶ 2/3 of its life ── due ──▶ 5/6 ── due, REFRESH_OVERDUE ──▶ expired
 *
 * A refresh that works is not overdue: a CronJob runs, and a controller retries, several times between 2/3 and 5/6.
 */
import type { RegistryRecord } from '../credential/pull-secret-record.ts'
import { refreshDueAt } from '../credential/registry-credential.ts'
import type { ErrorFacts } from '../errors/pullpass-error.ts'
import { endOf, longestLifeMs } from '../refresh/freshness.ts'
import { rfc3339 } from '../text/time.ts'
import type { Origin, PullSecretFacts } from './facts.ts'

/** Only documents state that one is `missing`, or `unused`: written for one of them that does not select it any more. */
export type PullSecretState = 'fresh' | 'due' | 'expired' | 'unknown' | 'missing' | 'unused'

/** The codes of problems that `pullpass status` reports. @internal */
export const statusProblems = [
  'SECRET_EXPIRED',
  'REFRESH_OVERDUE',
  'SECRET_EDITED',
  'SECRET_NOT_FOUND',
  'SECRET_NOT_OURS',
  'NAMESPACE_NOT_FOUND',
] as const

interface StatusProblem extends ErrorFacts {
  readonly code: (typeof statusProblems)[number]
}

export interface EntryStatus {
  /** Of the registry in the document. */
  readonly name: string
  readonly hosts: readonly string[]
  readonly state: 'fresh' | 'due' | 'expired'
  /** undefined: unknown, of a password that something else manages. */
  readonly expiresAt: Date | undefined
  readonly dueAt: Date
}

export interface PullSecretStatus {
  /** The worst of its entries. */
  readonly state: PullSecretState
  /** Empty if they are unknown. */
  readonly entries: readonly EntryStatus[]
  /** What fails or will fail. */
  readonly problems: readonly StatusProblem[]
  readonly notes: readonly string[]
  /** When the state or the problems change without a change of the Secret; undefined: never. */
  readonly changesAt: Date | undefined
}

/** Of many Secrets at one time; those with the same record share their status. */
export function createEvaluation(now: Date): (facts: PullSecretFacts) => PullSecretStatus {
  const known = new WeakMap<Origin, PullSecretStatus>()
  return ({ origin, managers, deleting }) => {
    const isShared = origin.kind === 'ours'
    const status = (isShared ? known.get(origin) : undefined) ?? evaluateOrigin(origin, managers, now)
    if (isShared) known.set(origin, status)
    return deleting ? { ...status, notes: [...status.notes, 'it is being deleted'] } : status
  }
}

function evaluateOrigin(origin: Origin, managers: readonly string[], now: Date): PullSecretStatus {
  if (origin.kind === 'edited') return unknown([editedProblem(origin.part, managers)], [])
  if (origin.kind !== 'ours') return unknown([], noteOf(origin))
  const { refreshedAt, registries } = origin.record
  const lives = [...registries].map(([name, entry]) => lifeOf(name, entry, refreshedAt))
  const entries = lives.map(({ overdueAt: _overdueAt, ...life }) => ({ ...life, state: stateOf(life, now) }))
  const states = new Set(entries.map(({ state }) => state))
  const overdue = lives.filter((life) => life.overdueAt <= now && stateOf(life, now) === 'due')
  const expired = entries.filter(({ state }) => state === 'expired')
  const changes = lives
    .flatMap(({ dueAt, overdueAt, expiresAt = overdueAt }) => [dueAt, overdueAt, expiresAt])
    .map((at) => at.getTime())
    .filter((ms) => ms > now.getTime())
  return {
    state: states.has('expired') ? 'expired' : states.has('due') ? 'due' : 'fresh',
    entries,
    problems: [
      ...(expired.length > 0 ? [expiredProblem(expired, now)] : []),
      ...(overdue.length > 0 ? [overdueProblem(overdue)] : []),
    ],
    notes: refreshedAt.getTime() - now.getTime() > skewMs ? [clockNote(refreshedAt)] : [],
    changesAt: changes.length === 0 ? undefined : new Date(Math.min(...changes)),
  }
}

const unknown = (problems: readonly StatusProblem[], notes: readonly string[]): PullSecretStatus => ({
  state: 'unknown',
  entries: [],
  problems,
  notes,
  changesAt: undefined,
})

interface Life extends Omit<EntryStatus, 'state'> {
  readonly overdueAt: Date
}

/** An entry of unknown expiry is to be read again within an hour; it does not expire. */
function lifeOf(name: string, entry: RegistryRecord, refreshedAt: Date): Life {
  const fromMs = refreshedAt.getTime()
  const lifeMs = Math.max(0, (endOf(entry) ?? fromMs) - fromMs)
  return {
    name,
    hosts: entry.hosts,
    expiresAt: entry.expiresAt,
    dueAt: refreshDueAt({ from: refreshedAt, expiresAt: new Date(fromMs + lifeMs) }, 0),
    overdueAt: new Date(fromMs + (lifeMs * 5) / 6),
  }
}

function stateOf({ expiresAt, dueAt }: Pick<Life, 'expiresAt' | 'dueAt'>, now: Date): EntryStatus['state'] {
  if (expiresAt !== undefined && expiresAt <= now) return 'expired'
  const isGranted = expiresAt === undefined || expiresAt.getTime() - now.getTime() <= longestLifeMs
  return dueAt <= now || !isGranted ? 'due' : 'fresh'
}

const namesOf = (entries: readonly Pick<EntryStatus, 'name'>[]) => entries.map(({ name }) => name).join(', ')

const earliest = (dates: readonly Date[]) => new Date(Math.min(...dates.map((at) => at.getTime())))

function expiredProblem(expired: readonly EntryStatus[], now: Date): StatusProblem {
  const at = earliest(expired.flatMap(({ expiresAt }) => expiresAt ?? []))
  return {
    code: 'SECRET_EXPIRED',
    hop: 'kubernetes',
    seen: `the credential of ${namesOf(expired)} expired at ${rfc3339(at)}`,
    expected: `a credential that is valid now, at ${rfc3339(now)}`,
    hint: 'refresh it; pullpass doctor -f FILE finds out why that was not done in time',
  }
}

const overdueProblem = (overdue: readonly Life[]): StatusProblem => ({
  code: 'REFRESH_OVERDUE',
  hop: 'kubernetes',
  seen: `the credential of ${namesOf(overdue)} was due at ${rfc3339(earliest(overdue.map(({ dueAt }) => dueAt)))}`,
  expected: 'a refresh soon after it is due: pods pull until the credential expires',
  hint: 'pullpass doctor -f FILE finds out why it is not refreshed',
})

const editedProblem = (part: 'credential' | 'annotations', managers: readonly string[]): StatusProblem => ({
  code: 'SECRET_EDITED',
  hop: 'kubernetes',
  seen:
    part === 'credential'
      ? `its credential was written by ${managers.length === 0 ? 'another client' : boundedList(managers)}, not by pullpass: its state is unknown`
      : 'another client changed its annotations: its state is unknown',
  expected: 'what pullpass wrote',
  hint: 'pullpass refresh -f FILE restores it; if it is changed again, configure the other client not to change this Secret',
})

const skewMs = 60_000

const clockNote = (refreshedAt: Date) =>
  `it was refreshed at ${rfc3339(refreshedAt)}, which is in the future: a clock is wrong, here or where it was refreshed`

function noteOf(origin: Exclude<Origin, { kind: 'ours' | 'edited' }>): string[] {
  switch (origin.kind) {
    case 'other':
      return []
    case 'copy':
      return [`it is a copy of ${origin.of ?? 'another Secret'}, not written by pullpass`]
    case 'unreadable':
      return ['its annotations are not of the form that this version of pullpass writes']
    default:
      return origin satisfies never
  }
}

const shown = 3

/** Names that others choose, of which there can be many: `a, b, c, and 2 more`. */
export function boundedList(names: readonly string[]): string {
  const more = names.length - shown
  return `${names.slice(0, shown).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}
