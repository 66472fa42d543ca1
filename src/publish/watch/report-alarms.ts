/** Reports alarms: once when they begin and once an hour while they last, in the log and as Kubernetes Events. */
import type { NamespacedName } from '../../document/document.ts'
import { eventReason } from '../../errors/codes.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { createEventRecorder, type EventRecorder } from '../../server/events.ts'
import { type Alarm, alarmText } from './alarm.ts'

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
  for (const [name, alarm] of fewOfEach([...current].filter(([one]) => isDue(logged.get(one))))) {
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
function fewOfEach(due: readonly [string, Alarm][]): [string, Alarm][] {
  const byReason = Map.groupBy(due, ([, { code }]) => code)
  return [...byReason.values()].flatMap((group) => group.slice(0, maxPerCode))
}
