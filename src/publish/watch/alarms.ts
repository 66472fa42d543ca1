/**
 * Alarms: conditions of a publication that need attention, raised in each round in which they hold, and reported in the log and as
 * Kubernetes Events.
 */

import type { NamespacedName } from '../../document/document.ts'
import { eventReason } from '../../errors/codes.ts'
import { type ErrorFacts, fixOf, type PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { createEventRecorder, type EventRecorder } from '../../server/events.ts'

export const alarmCodes = [
  /** The addresses of the API servers are unknown: the cluster's own address is used. */
  'API_SERVERS_UNKNOWN',
  /** An API server returned no metadata: its keys remain as they were. */
  'API_SERVER_UNREADABLE',
  /** No token was returned: a signing key may be missed. */
  'TOKEN_UNAVAILABLE',
  /** A token is signed with a key that is not published: exchanges with it fail. */
  'KEY_UNPUBLISHED',
  /** The cluster signs with a revoked key. */
  'KEY_REVOKED',
  /** A revocation was removed from the key state, or changed: it remains in force, and is restored. */
  'REVOCATION_REMOVED',
  /** The CA bundle, or the record of trusted CAs, changed: only trusted ones publish keys. */
  'AUTHORITY_CHANGED',
  /** A key is served only by API servers that cannot publish keys. */
  'KEY_UNCONFIRMED',
  /** The clock of an API server differs: no key is withdrawn for its age. */
  'CLOCK_SKEWED',
  /** Tokens carry another issuer than the published one. */
  'TOKEN_ISSUER_MISMATCH',
  /** A published key was never served by the cluster. */
  'PUBLISHED_KEY_UNKNOWN',
  /** The key state contains a key that is neither served nor published: it is not published. */
  'RECORDED_KEY_UNKNOWN',
  'PUBLISH_FAILED',
  /** Anonymous clients read something else than what was written. */
  'PUBLISHED_MISMATCH',
  'KEY_STATE_UNREADABLE',
  'KEY_STATE_UNWRITABLE',
] as const

type AlarmCode = (typeof alarmCodes)[number]

export interface Alarm extends ErrorFacts {
  readonly code: AlarmCode
  /** A kid or an address, which distinguishes alarms of one code; empty if there is only one. */
  readonly subject: string
  /** The error that it follows from. */
  readonly cause?: PullpassError
}

/** An alarm about the publication itself. */
export const publishAlarm = (alarm: Omit<Alarm, 'hop'>): Alarm => ({ hop: 'publish', ...alarm })

/** An alarm that follows from an error. `meanwhile`: what holds while it lasts. */
export function faultAlarm(code: AlarmCode, subject: string, cause: PullpassError, meanwhile?: string): Alarm {
  const { hop, expected, also, hint, command, retryable, retryAt } = cause
  const seen = [cause.seen, meanwhile].filter(Boolean).join('; ')
  return { code, subject, hop, seen, expected, also, hint, command, retryable, retryAt, cause }
}

/** An alarm as one sentence, for Events, the log and health checks. */
export function alarmText(alarm: Alarm): string {
  const fix = fixOf(alarm)
  const seen = alarm.cause === undefined ? alarm.seen : `${alarm.cause.code}: ${alarm.seen}`
  return [seen, ...(fix === undefined ? [] : [`fix: ${fix}`])].join('; ')
}

/** Events are about the ConfigMap of the key state: `kubectl describe configmap` shows them. */
export const createKeyStateEvents = (
  cluster: Cluster,
  keyState: NamespacedName,
  context: Pick<Context, 'now' | 'random' | 'log'>,
): EventRecorder =>
  createEventRecorder(
    cluster,
    { about: { apiVersion: 'v1', kind: 'ConfigMap', ...keyState }, component: 'issuer' },
    context,
  )

/** When each alarm was last logged. */
export type LoggedAlarms = ReadonlyMap<string, Date>

const repeatAfterMs = 3_600_000
const maxPerCode = 5

/** Logs each alarm when it begins, and once an hour while it lasts; returns when each was last logged. */
export async function reportAlarms(
  alarms: readonly Alarm[],
  logged: LoggedAlarms,
  events: EventRecorder,
  { now: clock, log }: Pick<Context, 'now' | 'log'>,
): Promise<LoggedAlarms> {
  const now = clock()
  const current = new Map(alarms.map((alarm) => [`${alarm.code} ${alarm.subject}`.trimEnd(), alarm]))
  const isDue = (at: Date | undefined) => at === undefined || Math.abs(now.getTime() - at.getTime()) >= repeatAfterMs
  const after = new Map([...logged].filter(([name]) => current.has(name)))
  for (const [name, alarm] of limitPerCode([...current].filter(([one]) => isDue(logged.get(one))))) {
    log('warn', 'the publication of the issuer needs attention', { code: alarm.code, details: alarmText(alarm) })
    after.set(name, now)
  }
  const observed = alarms.map((alarm) => ({
    reason: eventReason(alarm.code),
    subject: alarm.subject,
    message: alarmText(alarm),
  }))
  await events.record(observed.map((event) => ({ type: 'Warning', ...event })))
  for (const name of logged.keys()) {
    if (!current.has(name)) log('info', 'a condition of the publication has ended', { alarm: name })
  }
  return after
}

/** The others are logged in the next rounds: 300 forged entries of the key state do not cause 300 lines in one round. */
function limitPerCode(due: readonly [string, Alarm][]): [string, Alarm][] {
  const byCode = Map.groupBy(due, ([, { code }]) => code)
  return [...byCode.values()].flatMap((group) => group.slice(0, maxPerCode))
}
