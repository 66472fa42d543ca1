/** What a controller reports: health checks, metrics, and its log, in which a repeated failure is once. */
import type { ErrorCode } from '../errors/codes.ts'
import { fixOf, type Hop, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import { documentName } from '../refresh/plan.ts'
import type { HealthEndpoints } from '../server/health.ts'
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

export class ControllerStatus {
  readonly #read: () => ControllerState
  readonly #context: Pick<Context, 'now' | 'log'>
  readonly #failures = new Map<string, { readonly hop: Hop; readonly code: ErrorCode; count: number }>()
  readonly #writes = new Map<WriteResult, number>()
  readonly #current = new CurrentFailures()
  readonly #durations = createDurations()
  readonly #activity = new Activity()
  #invalid: PullpassError | undefined
  #exchanges = 0
  #repairs = 0
  readonly #comparisons = { completed: 0, failed: 0 }
  #missed = 0

  constructor(read: () => ControllerState, context: Pick<Context, 'now' | 'log'>) {
    this.#read = read
    this.#context = context
  }

  /** `subject`: a Secret or an exchange. Logged once until it fails otherwise or succeeds; a cause that several share, once. */
  failed(subject: string, fault: PullpassError, fields: LogFields, sentence = 'a refresh failed'): void {
    this.#count(fault)
    const { code, hop, seen } = fault
    const first = this.#current.add(subject, fault, this.#context.now())
    this.#activity.record('failure', this.#context.now())
    const level = first === 'first' ? 'error' : 'debug'
    this.#context.log(level, sentence, { ...fields, code, hop, seen, fix: fixOf(fault) ?? '' })
  }

  succeeded(subject: string): void {
    this.#current.remove(subject)
  }

  /** After each exchange; undefined: it succeeded. */
  exchanged({ mintedFrom, document, registry }: ExchangeRequest, fault: PullpassError | undefined): void {
    if (fault !== undefined) {
      this.failed(mintedFrom, fault, { document: documentName(document), registry: registry.name })
      return
    }
    this.#exchanges += 1
    this.#activity.record('exchange', this.#context.now())
    this.#current.remove(mintedFrom)
  }

  wrote(result: WriteResult): void {
    this.#writes.set(result, (this.#writes.get(result) ?? 0) + 1)
    if (result === 'created' || result === 'updated') this.#activity.record('write', this.#context.now())
  }

  /** An exchange or the apply of a Secret has ended. */
  took(work: TimedWork, result: 'succeeded' | 'failed', durationMs: number): void {
    this.#durations[work].observe(Math.max(0, durationMs) / 1000, { result }) // the clock can have been set
  }

  repaired(): void {
    this.#repairs += 1
  }

  /** `missed`: changes that no watch had reported; undefined: the view could not be compared with the cluster. */
  compared(missed: number | undefined): void {
    this.#comparisons[missed === undefined ? 'failed' : 'completed'] += 1
    this.#missed += missed ?? 0
  }

  /** Undefined: the files were loaded. */
  documentsFault(fault: PullpassError | undefined): void {
    if (fault !== undefined && fault.message !== this.#invalid?.message) {
      const { code, seen } = fault
      this.#count(fault)
      const fields = { code, seen, expected: fault.expected ?? '', fix: fixOf(fault) ?? '' }
      this.#context.log('error', 'the documents are invalid, and the last valid ones stay in use', fields)
    }
    this.#invalid = fault
  }

  get endpoints(): HealthEndpoints {
    return {
      live: [{ name: 'queue', failure: () => stuckFor(this.#read().oldestMs) }],
      ready: [
        { name: 'watches', failure: () => this.#read().viewProblems.join('; ') || undefined },
        { name: 'lease', failure: () => this.#read().leaseProblem },
      ],
      notes: () => this.#documentsProblems(),
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
          ...documentMetrics(state.documents, this.#context.now()),
          ...counters(counts),
          this.#durations.exchange.metric(),
          this.#durations.apply.metric(),
          ...clusterMetrics(state, this.#invalid === undefined ? 1 : 0),
        ]
      },
    }
  }

  /** For the status page. */
  get reported(): ReportedFacts {
    const { viewProblems, leaseProblem } = this.#read()
    return {
      problems: [...viewProblems, ...(leaseProblem === undefined ? [] : [leaseProblem]), ...this.#documentsProblems()],
      failures: this.#current.list(),
      lastHour: this.#activity.lastHour(this.#context.now()),
    }
  }

  #documentsProblems(): string[] {
    const invalid = this.#invalid
    return invalid === undefined ? [] : [`the last valid documents are in use: ${invalid.code}: ${invalid.seen}`]
  }

  #count({ hop, code }: PullpassError): void {
    const key = `${hop} ${code}`
    const known = this.#failures.get(key) ?? { hop, code, count: 0 }
    this.#failures.set(key, known)
    known.count += 1
  }
}

const stuckFor = (ms: number): string | undefined =>
  ms < stuckAfterMs ? undefined : `a Secret has been in work for ${Math.round(ms / 1000)} s`
