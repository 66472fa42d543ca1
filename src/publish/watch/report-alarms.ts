/** Tells of alarms, once when they begin and once an hour while they last: as lines of the log, and as Kubernetes' Events. */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { createEvent } from '../../kubernetes/objects/events.ts'
import type { Alarm } from './alarm.ts'

/** When each alarm was last told of. */
export type ToldAlarms = ReadonlyMap<string, Date>

const againMs = 3_600_000
const mostOfEach = 5

export async function tellAlarms(
  alarms: readonly Alarm[],
  told: ToldAlarms,
  { cluster, memory }: { readonly cluster: Cluster; readonly memory: NamespacedName },
  context: Pick<Context, 'now' | 'random' | 'log'>,
): Promise<ToldAlarms> {
  const now = context.now()
  const current = new Map(alarms.map((alarm) => [`${alarm.reason} ${alarm.subject}`.trimEnd(), alarm]))
  const isDue = (at: Date | undefined) => at === undefined || Math.abs(now.getTime() - at.getTime()) >= againMs
  const after = new Map([...told].filter(([name]) => current.has(name)))
  const unwritten = new Map<string, PullpassError>() // one cause keeps all of them from being written
  for (const [name, { reason, says }] of fewOfEach([...current].filter(([one]) => isDue(told.get(one))))) {
    context.log('warn', 'the publication of the issuer needs somebody', { reason, says })
    const fault = await writeEvent(cluster, memory, { type: 'Warning', reason, says, now }, context)
    if (fault !== undefined) unwritten.set(fault.seen, fault)
    after.set(name, now)
  }
  for (const { code, seen, hint = '' } of unwritten.values()) {
    context.log('warn', 'an Event could not be written', { code, seen, fix: hint })
  }
  for (const name of told.keys()) {
    if (!current.has(name)) context.log('info', 'the publication of the issuer is as it should again', { reason: name })
  }
  return after
}

/** The others are told of at the next looks: who writes 300 keys into the ConfigMap has not 300 Events written. */
function fewOfEach(due: readonly [string, Alarm][]): [string, Alarm][] {
  const counts = new Map<string, number>()
  return due.filter(([, { reason }]) => {
    const count = (counts.get(reason) ?? 0) + 1
    counts.set(reason, count)
    return count <= mostOfEach
  })
}

/** Who may not write Events still has the log. Why it could not be written. */
export async function writeEvent(
  cluster: Cluster,
  about: NamespacedName,
  { type, reason, says, now }: { type: 'Normal' | 'Warning'; reason: string; says: string; now: Date },
  { random }: Pick<Context, 'random'>,
): Promise<PullpassError | undefined> {
  const mark = `${now.getTime().toString(16)}${Math.floor(random() * 2 ** 32).toString(16)}.${reason.toLowerCase()}`
  try {
    await createEvent(cluster, { about, type, reason, message: says, at: now, mark })
    return undefined
  } catch (fault) {
    if (!(fault instanceof PullpassError)) throw fault
    return fault
  }
}
