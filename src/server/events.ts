/**
 * Records Kubernetes Events about one object, or several. An Event of the same object, type, reason and subject is written at most once an hour, the
 * time after which the API server deletes it. Of one reason and scope, a call writes at most five, and an hour has at most twenty: conditions
 * that an attacker can cause, also with ever new subjects, do not flood the cluster with Events.
 */
import { faultFields, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { createEvent, type ObjectReference } from '../kubernetes/objects/events.ts'

export interface ObservedEvent {
  /** Absent: the object of the recorder. */
  readonly about?: ObjectReference
  readonly type: 'Normal' | 'Warning'
  /** In CamelCase: `KeyUnpublished`. */
  readonly reason: string
  /** Events of different scopes, such as the namespaces of tenants, have limits of their own. */
  readonly scope?: string
  /** Distinguishes Events of one reason: a key, an address. Absent: there is only one of this reason. */
  readonly subject?: string
  readonly message: string
}

export interface EventRecorder {
  /** Writes those that are due. A failure is logged, once for each cause, and not thrown: the caller's log has the message too. */
  record(events: readonly ObservedEvent[]): Promise<void>
}

const repeatAfterMs = 3_600_000
const maxPerReason = 5
const maxPerReasonAndHour = 20

/** `component` is the part of pullpass that reports: `issuer`. */
export function createEventRecorder(
  cluster: Cluster,
  { about: ofAll, component }: { readonly about?: ObjectReference; readonly component: string },
  { now, random, log }: Pick<Context, 'now' | 'random' | 'log'>,
): EventRecorder {
  const recorded = new Map<string, RecordedEvent>()
  return {
    async record(events) {
      const at = now()
      for (const [key, { ms }] of recorded) if (Math.abs(at.getTime() - ms) >= repeatAfterMs) recorded.delete(key)
      const failures = new Map<string, PullpassError>()
      for (const event of selectDue(events, recorded)) {
        recorded.set(keyOf(event), { limit: limitOf(event), ms: at.getTime() })
        const about = event.about ?? ofAll
        if (about === undefined) throw new TypeError('an Event is about no object')
        const suffix = `${at.getTime().toString(16)}${Math.floor(random() * 2 ** 32).toString(16)}.${event.reason.toLowerCase()}`
        try {
          await createEvent(cluster, { ...event, about, component, at, suffix })
        } catch (fault) {
          if (!(fault instanceof PullpassError)) throw fault
          if (fault.code !== 'INTERRUPTED') failures.set(fault.seen, fault)
        }
      }
      for (const fault of failures.values()) log('warn', 'an Event could not be written', faultFields(fault))
    },
  }
}

const keyOf = ({ about, type, reason, subject = '' }: ObservedEvent): string =>
  JSON.stringify([about?.kind, about?.namespace, about?.name, type, reason, subject])

/** What is limited together. */
const limitOf = ({ reason, scope = '' }: ObservedEvent): string => `${reason} ${scope}`

interface RecordedEvent {
  readonly limit: string
  readonly ms: number
}

/** Those above a limit are due again at a later call. */
function selectDue(events: readonly ObservedEvent[], recorded: ReadonlyMap<string, RecordedEvent>): ObservedEvent[] {
  const due = new Map(events.filter((event) => !recorded.has(keyOf(event))).map((event) => [keyOf(event), event]))
  return [...Map.groupBy(due.values(), limitOf)].flatMap(([limit, group]) => {
    const inHour = [...recorded.values()].filter((one) => one.limit === limit).length
    return group.slice(0, Math.min(maxPerReason, Math.max(0, maxPerReasonAndHour - inHour)))
  })
}
