/**
 * Keeps the pull secret's name in the imagePullSecrets of the ServiceAccounts that a document names, in one namespace: also of
 * accounts that are created later, such as `default`, which follows its namespace.
 */
import { earliest } from '../credential/registry-credential.ts'
import type { Document } from '../document/document.ts'
import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { Listed } from '../kubernetes/objects/list.ts'
import type { AnyPullSecret } from '../kubernetes/objects/pull-secrets.ts'
import type { ServiceAccount } from '../kubernetes/objects/service-accounts.ts'
import { attachIn } from '../refresh/attach-pull-secrets.ts'
import type { ServiceAccountOutcome } from '../refresh/outcome.ts'
import type { Credentials } from './credentials.ts'
import type { ControlledDocument } from './documents.ts'
import { evaluateSecret } from './evaluate-secret.ts'
import { type Failures, failedAgain, nextRepairMs, noRepairs, type Repairs, recentRepairs } from './schedule.ts'
import type { ControllerStatus } from './status.ts'
import type { ClusterView } from './watch-cluster.ts'
import { keyOf, type WorkItem } from './work-queue.ts'

/** Of the accounts of one document in one namespace. */
export interface AttachState {
  failure: AttachFailure | undefined
  /** By account: how often it was changed within the last ten minutes. */
  readonly changes: Map<string, Repairs>
  /** Accounts that had the entry: what removes it is another client. */
  readonly attached: Set<string>
}

interface AttachFailure extends Failures {
  readonly account: string
  readonly fault: PullpassError
}

export const newAttachState = (): AttachState => ({ failure: undefined, changes: new Map(), attached: new Set() })

interface AttachTarget extends WorkItem {
  readonly controlled: ControlledDocument
  /** The pull secret. */
  readonly found: AnyPullSecret | undefined
  readonly view: Pick<ClusterView, 'serviceAccounts'>
  readonly state: AttachState
}

interface Attacher {
  readonly cluster: Cluster
  readonly credentials: Pick<Credentials, 'entryDueAt'>
  readonly status: Pick<ControllerStatus, 'failed' | 'succeeded' | 'log'>
  readonly context: Pick<Context, 'now' | 'random' | 'log' | 'signal'>
}

/** The subject of their failures. */
export const attachSubject = (item: WorkItem): string => `${keyOf(item)} serviceaccounts`

/** Only where the pull secret is the document's own. When to try it again; undefined: when an account or the Secret changes. */
export async function attachAccounts(target: AttachTarget, attacher: Attacher): Promise<Date | undefined> {
  const { controlled, namespace, found, state } = target
  const { cluster, credentials, status, context } = attacher
  if (evaluateSecret(controlled.document, { namespace, found }, credentials, context.now()).verdict === 'changed') {
    return undefined
  }
  const nowMs = context.now().getTime()
  const lacking = accountsWithout(controlled.document, target)
  const waiting = new Map(lacking.map((name) => [name, notBeforeMs(name, state, nowMs)]))
  const due = lacking.filter((name) => (waiting.get(name) ?? 0) <= nowMs)
  for (const name of due) waiting.delete(name)
  if (due.length > 0) {
    const byName = new Map(
      due.map((name): [string, Listed<ServiceAccount>] => [
        name,
        { found: accountsOf(name, target), faults: new Map() },
      ]),
    )
    const outcomes = await attachIn(namespace, controlled.document, byName, { cluster, mode: 'write', context })
    record(target, outcomes, attacher)
  } else if (lacking.length === 0) {
    state.failure = undefined
    status.succeeded(attachSubject(target))
  }
  const times = [...waiting.values(), ...(state.failure ? [state.failure.retryAtMs] : [])]
  return earliest(times.map((ms) => new Date(ms)))
}

/** In the whole cluster, by namespace. */
const accountsOf = (name: string, { view }: Pick<AttachTarget, 'view'>): ReadonlyMap<string, ServiceAccount> =>
  view.serviceAccounts(name)?.objects ?? new Map()

/** Forgets what was recorded of accounts that do not exist: one that is created again is attached immediately. */
function accountsWithout({ secretName, attachToServiceAccounts }: Document, target: AttachTarget): string[] {
  const { namespace, state } = target
  return attachToServiceAccounts.flatMap((name) => {
    const account = accountsOf(name, target).get(namespace)
    if (account === undefined) {
      state.changes.delete(name)
      state.attached.delete(name)
    } else if (account.imagePullSecrets.includes(secretName)) state.attached.add(name)
    return account === undefined || account.deleting || account.imagePullSecrets.includes(secretName) ? [] : [name]
  })
}

/** The first changes are immediate; others wait longer and longer while another client reverts them. */
function notBeforeMs(name: string, { failure, changes }: AttachState, nowMs: number): number {
  const recent = recentRepairs(changes.get(name) ?? noRepairs, noRepairs, nowMs)
  if (recent === noRepairs) changes.delete(name)
  return Math.max(failure?.retryAtMs ?? 0, nextRepairMs(recent))
}

const attached = {
  level: 'info',
  one: 'a pull secret was attached to a service account',
  many: 'pull secrets were attached to service accounts',
} as const
const restored = {
  level: 'warn',
  one: 'an entry of imagePullSecrets was restored',
  many: 'entries of imagePullSecrets were restored',
} as const

function record(target: AttachTarget, outcomes: readonly ServiceAccountOutcome[], { status, context }: Attacher): void {
  const { document, namespace, state } = target
  const now = context.now()
  for (const { name, result } of outcomes) {
    if (result !== 'attached') continue
    const count = (state.changes.get(name)?.count ?? 0) + 1
    state.changes.set(name, { count, lastMs: now.getTime() })
    const fields = { document, namespace, serviceAccount: name }
    if (state.attached.has(name)) {
      const owners = (accountsOf(name, target).get(namespace)?.owners ?? []).join(', ')
      const note =
        owners === ''
          ? 'another client removed it'
          : `another client removed it; imagePullSecrets are written by: ${owners}`
      status.log(restored, { ...fields, note })
    } else status.log(attached, fields)
    state.attached.add(name)
  }
  const { name: account = '', fault } = outcomes.find((outcome) => outcome.fault !== undefined) ?? {}
  if (fault === undefined || context.signal.aborted) {
    state.failure = undefined
    if (fault === undefined) status.succeeded(attachSubject(target))
    return
  }
  state.failure = { ...failedAgain(state.failure, fault, context), account, fault }
  status.failed(attachSubject(target), fault, { document, namespace }, 'a service account could not be changed')
}
