/** Reconciles one Secret of one document in one namespace: evaluates it, obtains what it needs, and applies it. */

import { isOfTenants } from '../document/document.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { AnyPullSecret } from '../kubernetes/objects/pull-secrets.ts'
import { containsWrite } from '../kubernetes/objects/watch.ts'
import { applyPullSecrets } from '../refresh/apply-pull-secrets.ts'
import type { Outcome } from '../refresh/outcome.ts'
import type { Takeover } from '../refresh/ownership.ts'
import type { AttachState } from './attach-accounts.ts'
import type { Credentials, Obtained } from './credentials.ts'
import type { ControlledDocument } from './documents.ts'
import { evaluateSecret, planWrite, type SecretEntry, type WritePlan } from './evaluate-secret.ts'
import { type ControllerEvents, conflictFix } from './events.ts'
import { type Failures, failedAgain, nextRepairMs, noRepairs, type Repairs, recentRepairs } from './schedule.ts'
import type { ControllerStatus } from './status.ts'
import { keyOf, type WorkItem } from './work-queue.ts'

/** What the controller knows of one Secret in addition to its metadata. */
export interface SecretState {
  /** Whether it was seen fresh: what changes it afterwards is another client. */
  established: boolean
  /** By registry. */
  expiries: ReadonlyMap<string, Date>
  /** By registry without a valid entry: the expiry of that of an earlier form of the document. */
  earlier: ReadonlyMap<string, Date>
  /** The last write failed. */
  failure: WriteFailure | undefined
  /** The last write, until the view contains it. */
  unseen: UnseenWrite | undefined
  /** What the last write contained; undefined: there was none. */
  written: string | undefined
  /** When the first entry is due; undefined: it is due, or not known yet. */
  dueAt: Date | undefined
  /** That the Secret does not exist, while an exchange fails. */
  absence: 'none' | 'reported'
  repairs: Repairs & { readonly conflict: 'none' | 'reported' }
  /** Absent: its document names no service accounts. */
  attach?: AttachState
}

/**
 * What the view shows of the Secret before is older than the write: other watches can be ahead of that of Secrets, an event of another
 * client's change can follow, and a list that began before can end after it.
 */
interface UnseenWrite {
  readonly resourceVersion: string
  readonly untilMs: number
}

interface WriteFailure extends Failures {
  /** UID of the Secret; `absent`; `created`: another client has just created one, which the watch has not reported yet. */
  readonly secret: string
  readonly fault: PullpassError
}

export interface Target extends WorkItem {
  readonly controlled: ControlledDocument
  readonly found: AnyPullSecret | undefined
  /** Version of the view in which it was found; undefined: it is not known. */
  readonly viewed: string | undefined
  /** `refused`: the Secret is that of another document in use. */
  readonly takeover: Takeover
  readonly state: SecretState
  /** When the clock of this machine was last set back. */
  readonly setBackAt: Date | undefined
}

export const newSecretState = (): SecretState => ({
  established: false,
  expiries: new Map(),
  earlier: new Map(),
  failure: undefined,
  unseen: undefined,
  written: undefined,
  dueAt: undefined,
  absence: 'none',
  repairs: none,
})

const none: SecretState['repairs'] = { ...noRepairs, conflict: 'none' }

export interface Reconciler {
  readonly cluster: Cluster
  readonly credentials: Credentials
  readonly status: ControllerStatus
  readonly events: ControllerEvents
  readonly context: Context
}

/** When to reconcile it again; undefined: when the cluster, its document or a credential changes. */
export async function reconcileSecret(target: Target, reconciler: Reconciler): Promise<Date | undefined> {
  const { controlled, namespace, found, state } = target
  const { cluster, credentials, status, context } = reconciler
  const now = context.now()
  const unseen = isSeen(target) ? undefined : state.unseen
  if (unseen !== undefined && unseen.untilMs > now.getTime()) return new Date(unseen.untilMs)
  state.unseen = undefined
  const clock = {
    setBackAt: target.setBackAt,
    // Not again after it was seen fresh or written: the clocks of two API servers can differ.
    aheadMs: state.established ? undefined : cluster.clockAheadMs(),
  }
  const evaluation = evaluateSecret(controlled.document, { namespace, found, clock }, credentials, now)
  state.expiries = expiriesOf(evaluation.entries, 'expiresAt')
  state.earlier = expiriesOf(evaluation.entries, 'earlierExpiresAt')
  if (evaluation.verdict === 'fresh') {
    state.dueAt = evaluation.dueAt
    settle(target, status)
    return evaluation.dueAt
  }
  const valid = evaluation.entries.flatMap(({ mintedFrom, expiresAt }) => (expiresAt === undefined ? [] : mintedFrom))
  const obtained = credentials.obtain(controlled.requests, target, new Set(valid))
  const plan = planWrite(evaluation, obtained, now)
  if (plan.action === 'wait') {
    reportAbsent(target, obtained, status)
    return plan.until
  }
  const content = contentOf(controlled, plan)
  const wasChanged = evaluation.verdict === 'changed' || state.written === content
  const kind = state.established && wasChanged && unseen === undefined ? 'repair' : 'refresh'
  const wasReplaced = isReplaced(state, found)
  const isRepair = kind === 'repair' || wasReplaced
  const repairMs = isRepair ? repairAtMs(state, now) : 0
  const notBeforeMs = Math.max(retryAtMs(state, found), repairMs)
  if (notBeforeMs > now.getTime()) {
    if (repairMs > now.getTime()) reportConflict(target, reconciler)
    return new Date(notBeforeMs)
  }
  // Attempts after a failure, of the same Secret, are for one change.
  if (isRepair && (state.failure === undefined || wasReplaced))
    state.repairs = { ...state.repairs, count: state.repairs.count + 1, lastMs: now.getTime() }
  const outcome = await write(target, plan, reconciler)
  const again = record(target, outcome, kind, reconciler)
  const { result, resourceVersion } = outcome
  if (result !== 'failed' && result !== 'skipped') state.written = content
  if (again !== undefined && ['created', 'updated'].includes(result) && resourceVersion !== undefined)
    state.unseen = { resourceVersion, untilMs: again.getTime() }
  return again
}

const isSeen = ({ state: { unseen }, viewed = '' }: Target): boolean =>
  unseen === undefined || containsWrite(viewed, unseen.resourceVersion)

/** The same again: what is due is not the credential, but the record, which another client changed under the name of our field manager. */
const contentOf = (
  { document }: ControlledDocument,
  { minted, refreshedAt }: Extract<WritePlan, { action: 'write' }>,
): string =>
  JSON.stringify([refreshedAt, [...minted.keys()], document.registries.map(({ name, hosts }) => [name, hosts])])

/** Once, where a Secret does not exist and cannot be written. */
function reportAbsent(
  { document, namespace, found, state }: Target,
  obtained: Obtained,
  status: ControllerStatus,
): void {
  const fault = [...obtained.values()].find((one) => one instanceof PullpassError)
  if (found !== undefined || fault === undefined || state.absence === 'reported' || isOfTenants(document)) return
  state.absence = 'reported'
  status.log(absent, { document, namespace, code: fault.code })
}

const absent = {
  level: 'warn',
  one: 'a namespace has no pull secret, and an exchange fails',
  many: 'namespaces have no pull secret, and an exchange fails',
} as const

/** Once, until no other client has changed it for a while. */
function reportConflict(
  { document, namespace, found, state, controlled }: Target,
  { status, events }: Reconciler,
): void {
  if (state.repairs.conflict === 'reported') return
  state.repairs = { ...state.repairs, conflict: 'reported' }
  const { data = [], label = [] } = found?.owners ?? {}
  const managers = [...new Set([...data, ...label])]
  const changedBy = managers.join(', ') || 'an unknown client'
  const present = managers.includes(fieldManager(controlled.document)) ? 'edited' : 'replaced'
  const change = found === undefined ? 'deleted' : `${present} by ${changedBy}`
  status.log(conflict, { document, namespace, change, fix: conflictFix })
  const { secretName } = controlled.document
  events.repairsSlowed({ document, namespace, secretName, uid: found?.uid }, change)
}

const conflict = {
  level: 'warn',
  one: 'another client changes a pull secret again and again: repairs are slowed down',
  many: 'other clients change pull secrets again and again: repairs are slowed down',
} as const

function settle(target: Target, status: ControllerStatus): void {
  target.state.established = true
  target.state.failure = undefined
  target.state.absence = 'none'
  status.succeeded(keyOf(target))
}

const secretOf = (found: AnyPullSecret | undefined): string => found?.uid ?? 'absent'

/** A Secret that was replaced since, or deleted, is tried immediately. */
const retryAtMs = ({ failure }: SecretState, found: AnyPullSecret | undefined): number =>
  failure?.secret === secretOf(found) ? failure.retryAtMs : 0

/** Whether another client has replaced or deleted the Secret since the last write failed. */
const isReplaced = ({ failure }: SecretState, found: AnyPullSecret | undefined): boolean =>
  failure !== undefined && failure.secret !== secretOf(found) && (failure.secret !== 'created' || found === undefined)

/** The first repairs are immediate; others wait longer and longer while they are repeated. */
function repairAtMs(state: SecretState, now: Date): number {
  state.repairs = recentRepairs(state.repairs, none, now.getTime())
  return nextRepairMs(state.repairs)
}

function expiriesOf(
  entries: readonly SecretEntry[],
  field: 'expiresAt' | 'earlierExpiresAt',
): ReadonlyMap<string, Date> {
  const expiries = new Map<string, Date>()
  for (const { registry, [field]: at } of entries) if (at !== undefined) expiries.set(registry, at)
  return expiries
}

async function write(
  { controlled, namespace, found, takeover }: Target,
  { minted, refreshedAt }: Extract<WritePlan, { action: 'write' }>,
  { cluster, status, context }: Reconciler,
): Promise<Outcome> {
  const job = { document: controlled.document, namespaces: [namespace], terminating: [], missing: [], unmatched: [] }
  const known = new Map(found === undefined ? [] : [[namespace, found]])
  const existing = () => ({ found: known, faults: new Map<string, never>() })
  const apply = { minted, existing, refreshedAt, mode: 'write', takeover, onProgress: () => undefined } as const
  const startedMs = context.now().getTime()
  const [outcome] = await applyPullSecrets([job], apply, cluster, context)
  if (outcome === undefined) throw new TypeError('one Secret has one outcome')
  const result = outcome.result === 'failed' ? 'failed' : 'succeeded'
  if (!context.signal.aborted) status.took('apply', result, context.now().getTime() - startedMs)
  return outcome
}

/** Of a Secret that exists, by its content. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>(['SECRET_NOT_OURS', 'SECRET_IMMUTABLE'])

/** When to evaluate the Secret again. */
function record(
  target: Target,
  { secretName, result, registries, adopted, note, fault }: Outcome,
  kind: 'repair' | 'refresh',
  { status, events, context }: Reconciler,
): Date | undefined {
  const { document, namespace, state, found } = target
  const now = context.now()
  const secret = { document, namespace, secretName, uid: found?.uid }
  if (result === 'failed') {
    // The watch reports the deletion of a namespace; an interrupted write is not a failure.
    if (fault === undefined || fault.code === 'NAMESPACE_NOT_FOUND' || context.signal.aborted) return undefined
    const wasCreated = found === undefined && refusals.has(fault.code)
    state.failure = {
      ...failedAgain(state.failure, fault, context),
      secret: wasCreated ? 'created' : secretOf(found),
      fault,
    }
    status.failed(keyOf(target), fault, { document, namespace })
    events.writeFailed(secret, fault)
    return new Date(state.failure.retryAtMs)
  }
  status.wrote({ document, namespace }, { result, kind, note })
  if (result === 'skipped') return undefined
  settle(target, status)
  if (adopted) events.adopted(secret)
  const known = registries.flatMap(({ name, expiresAt }) =>
    expiresAt instanceof Date ? [[name, expiresAt] as const] : [],
  )
  state.expiries = new Map(known)
  state.earlier = new Map()
  // Normally the watch reports the written Secret before.
  return new Date(now.getTime() + confirmMs)
}

/** After this time a Secret that was written is evaluated again, whether or not the watch reported it. Milliseconds. */
const confirmMs = 60_000
