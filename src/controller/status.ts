/** What a controller reports: health checks, metrics, and its log, in which a repeated failure is once. */

import { documentName, isOfTenants } from '../document/document.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { described, faultFields, type Hop, PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { HealthEndpoints } from '../server/health.ts'
import { rfc3339 } from '../text/time.ts'
import type { CachedCredential } from './credentials.ts'
import { Activity, type ActivityPart } from './report/activity.ts'
import { type CurrentFailure, CurrentFailures } from './report/current-failures.ts'
import {
  type ControllerState,
  clusterMetrics,
  counters,
  createDurations,
  documentMetrics,
  type TimedWork,
  type WriteResult,
} from './report/metrics.ts'
import { type LineFields, type RepeatedLine, RepeatedLines } from './report/repeated-lines.ts'
import type { WorkItem } from './work-queue.ts'

/** Work that takes longer has stopped: each request has a time limit of its own. */
const stuckAfterMs = 10 * 60_000

/** Of this replica. */
export interface ReportedFacts {
  /** Of watches, the Lease and documents. */
  readonly problems: readonly string[]
  /** What fails now. */
  readonly failures: readonly CurrentFailure[]
  readonly lastHour: readonly ActivityPart[]
}

type LogFields = Readonly<Record<string, string>>

interface Write {
  readonly result: WriteResult
  /** `repair`: another client had deleted or changed the Secret. */
  readonly kind: 'repair' | 'refresh'
  readonly note?: string | undefined
}

type StatusContext = Pick<Context, 'now' | 'log' | 'sleep' | 'signal'>

const tenantFailed = {
  level: 'warn',
  one: 'a refresh of a PullSecret failed',
  many: 'refreshes of PullSecrets failed',
} as const
const tenantEnded = {
  level: 'info',
  one: 'a failure of PullSecrets has ended',
  many: 'failures of PullSecrets have ended',
} as const

export class ControllerStatus {
  readonly #read: () => ControllerState
  readonly #context: StatusContext
  readonly #lines: RepeatedLines
  readonly #failures = new Map<string, { readonly hop: Hop; readonly code: ErrorCode; count: number }>()
  readonly #writes = new Map<WriteResult, number>()
  readonly #current = new CurrentFailures()
  /** Of PullSecrets: no tenant fills the log or the status page. */
  readonly #ofTenants = new CurrentFailures()
  readonly #durations = createDurations()
  readonly #activity = new Activity()
  #invalid: PullpassError | undefined
  #exchanges = 0
  #repairs = 0
  readonly #comparisons = { completed: 0, failed: 0 }
  #missed = 0

  constructor(read: () => ControllerState, context: StatusContext) {
    this.#read = read
    this.#context = context
    this.#lines = new RepeatedLines(context)
  }

  /** `subject`: a Secret or an exchange. Logged once until it fails otherwise or succeeds; a cause that several share, once. */
  failed(subject: string, fault: PullpassError, fields: LogFields, sentence = 'a refresh failed'): void {
    this.#count(fault)
    const { document = '' } = fields
    const shown = { ...fields, ...faultFields(fault) }
    if (isOfTenants(document)) {
      // Its status has all of it.
      const occurrence = this.#ofTenants.add(subject, fault, this.#context.now())
      if (occurrence === 'first') this.log(tenantFailed, { ...shown, document })
      else this.#context.log('debug', tenantFailed.one, shown)
      return
    }
    const first = this.#current.add(subject, fault, this.#context.now())
    this.#activity.record('failure', this.#context.now())
    this.#context.log(first === 'first' ? 'error' : 'debug', sentence, shown)
  }

  succeeded(subject: string): void {
    this.#end(subject, {})
  }

  /** The subject does not exist any more, or is not needed. */
  forgotten(subject: string): void {
    this.#end(subject, { note: 'its document or namespace was changed or deleted' })
  }

  /** Another replica leads, and knows what fails. */
  termEnded(): void {
    this.#current.clear()
    this.#ofTenants.clear()
  }

  #end(subject: string, note: LogFields): void {
    const ended = this.#current.remove(subject)
    if (ended !== undefined) this.#context.log('info', 'a failure has ended', { ...this.#factsOf(ended), ...note })
    const ofTenants = this.#ofTenants.remove(subject)
    if (ofTenants !== undefined)
      this.log(tenantEnded, { document: 'PullSecrets', ...this.#factsOf(ofTenants), ...note })
  }

  #factsOf({ fault: { code, hop, seen }, since, failures }: CurrentFailure) {
    const seconds = Math.round((this.#context.now().getTime() - since.getTime()) / 1000)
    return { code, hop, seen, failures, seconds }
  }

  /** After each exchange. */
  exchanged({ mintedFrom, document, registry }: ExchangeRequest, result: CachedCredential | PullpassError): void {
    const fields = { document: documentName(document), registry: registry.name }
    if (result instanceof PullpassError) {
      this.failed(mintedFrom, result, fields)
      return
    }
    this.#exchanges += 1
    this.#activity.record('exchange', this.#context.now())
    const { credential, expiresAt, dueAt } = result
    const expires = credential.expiresAt === undefined ? 'unknown' : rfc3339(expiresAt)
    const times = { expiresAt: expires, nextRefreshAt: rfc3339(dueAt) }
    const level = isOfTenants(fields.document) ? 'debug' : 'info'
    this.#context.log(level, 'a credential was obtained', { ...fields, ...times })
    this.succeeded(mintedFrom)
  }

  wrote({ document, namespace }: WorkItem, write: Write): void {
    const { result, kind, note } = write
    this.#writes.set(result, (this.#writes.get(result) ?? 0) + 1)
    if (result !== 'unchanged' && result !== 'skipped') this.#activity.record('write', this.#context.now())
    if (kind === 'repair') this.#repairs += 1
    if (result === 'skipped' || (result === 'unchanged' && kind === 'refresh')) return
    this.log(lineOf(write), { document, namespace, result, ...(note !== undefined && { note }) })
  }

  /** Of one namespace; many of them are counted. */
  log(line: RepeatedLine, fields: LineFields): void {
    this.#lines.log(line, fields)
  }

  /** Once in each term. */
  examined(states: readonly { readonly established: boolean }[]): void {
    const fresh = states.filter(({ established }) => established).length
    this.#context.log('info', 'all pull secrets were examined', { selected: states.length, fresh })
  }

  /** `reason`: of the signal that ends the run. */
  stopping(reason: unknown): void {
    const seen = reason instanceof PullpassError ? { seen: reason.seen } : {}
    this.#context.log('info', 'the controller is stopping: writes in flight end', seen)
  }

  /** An exchange or the apply of a Secret has ended. */
  took(work: TimedWork, result: 'succeeded' | 'failed', durationMs: number): void {
    this.#durations[work].observe(Math.max(0, durationMs) / 1000, { result }) // the clock can have been set
  }

  /** `missed`: changes that no watch had reported; undefined: the view could not be compared with the cluster. */
  compared(missed: number | undefined): void {
    this.#comparisons[missed === undefined ? 'failed' : 'completed'] += 1
    this.#missed += missed ?? 0
  }

  /** Undefined: the files were loaded. */
  documentsFault(fault: PullpassError | undefined): void {
    if (fault !== undefined && fault.message !== this.#invalid?.message) {
      this.#count(fault)
      const sentence = 'the documents are invalid, and the last valid ones stay in use'
      this.#context.log('error', sentence, faultFields(fault))
    }
    if (fault === undefined && this.#invalid !== undefined) this.#context.log('info', 'the documents are valid again')
    this.#invalid = fault
  }

  get endpoints(): HealthEndpoints {
    const issuers = () => this.#read().issuers
    const queue = { name: 'queue', failure: () => stuckFor(this.#read().oldestMs) }
    const own = [
      { name: 'watches', failure: () => this.#read().viewProblems.join('; ') || undefined },
      { name: 'lease', failure: () => this.#read().leaseProblem },
    ]
    return {
      get live() {
        return [queue, ...(issuers()?.live ?? [])]
      },
      get ready() {
        return [...own, ...(issuers()?.ready ?? [])]
      },
      notes: () => [...this.#documentsProblems(), ...this.#read().tenantProblems, ...(issuers()?.notes?.() ?? [])],
      metrics: () => {
        const state = this.#read()
        const counts = {
          exchanges: this.#exchanges,
          repairs: this.#repairs,
          comparisons: this.#comparisons,
          missed: this.#missed,
          writes: this.#writes,
          failures: [...this.#failures.values()],
        }
        return [
          ...documentMetrics(state, this.#context.now()),
          ...counters(counts),
          this.#durations.exchange.metric(),
          this.#durations.apply.metric(),
          ...clusterMetrics(state, this.#invalid === undefined ? 1 : 0),
          ...(state.issuers?.metrics() ?? []),
        ]
      },
    }
  }

  /** For the status page. */
  get reported(): ReportedFacts {
    const { viewProblems, tenantProblems, leaseProblem, issuers } = this.#read()
    const ofIssuers = issuers?.ready.flatMap(({ failure }) => failure() ?? []) ?? []
    return {
      problems: [
        ...viewProblems,
        ...tenantProblems,
        ...(leaseProblem === undefined ? [] : [leaseProblem]),
        ...ofIssuers,
        ...this.#documentsProblems(),
      ],
      failures: this.#current.list(),
      lastHour: this.#activity.lastHour(this.#context.now()),
    }
  }

  #documentsProblems(): string[] {
    const invalid = this.#invalid
    return invalid === undefined ? [] : [`the last valid documents are in use: ${described(invalid)}`]
  }

  #count({ hop, code }: PullpassError): void {
    const key = `${hop} ${code}`
    const known = this.#failures.get(key) ?? { hop, code, count: 0 }
    this.#failures.set(key, known)
    known.count += 1
  }
}

const written = { level: 'info', one: 'a pull secret was written', many: 'pull secrets were written' } as const
const refreshed = { level: 'info', many: 'pull secrets were refreshed' } as const
const restored = { level: 'warn', one: 'a pull secret was restored', many: 'pull secrets were restored' } as const

const deleted = {
  level: 'info',
  one: 'a pull secret was deleted: its namespace is not selected',
  many: 'pull secrets were deleted: their namespaces are not selected',
} as const

function lineOf({ result, kind, note }: Write): RepeatedLine {
  if (result === 'deleted') return deleted
  if (kind === 'repair') return restored
  return result === 'created' || note !== undefined ? written : refreshed
}

const stuckFor = (ms: number): string | undefined =>
  ms < stuckAfterMs ? undefined : `a Secret has been in work for ${Math.round(ms / 1000)} s`
