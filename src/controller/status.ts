/** What a controller reports: health checks, metrics, and its log, in which a repeated failure is once. */
import type { ErrorCode } from '../errors/codes.ts'
import { fixOf, type Hop, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { ExchangeRequest } from '../refresh/exchange-requests.ts'
import type { HealthEndpoints } from '../server/health.ts'
import type { Metric, Sample } from '../server/metrics.ts'

/** What the controller knows when it is queried. */
export interface ControllerState {
  readonly documents: readonly DocumentState[]
  readonly queueDepth: number
  readonly oldestMs: number
  /** Watches that were resumed, by resource. */
  readonly watchRestarts: ReadonlyMap<string, number>
  /** Why the view of the cluster is not complete. */
  readonly viewProblems: readonly string[]
}

export interface DocumentState {
  /** `ClusterPullSecret/NAME`. */
  readonly name: string
  readonly desired: number
  readonly fresh: number
  /** By registry: the earliest expiry in the selected namespaces; absent: no namespace has an entry. */
  readonly expiries: ReadonlyMap<string, Date>
}

type WriteResult = 'created' | 'updated' | 'unchanged' | 'skipped'

export interface ControllerStatus {
  readonly endpoints: HealthEndpoints
  /** `subject`: a Secret or an exchange. Logged once until that fails otherwise or succeeds. */
  failed(subject: string, fault: PullpassError, fields: Readonly<Record<string, string>>): void
  succeeded(subject: string): void
  /** After each exchange; undefined: it succeeded. */
  exchanged(request: ExchangeRequest, fault: PullpassError | undefined): void
  wrote(result: WriteResult): void
  repaired(): void
  /** Undefined: the files were loaded. */
  documentsFault(fault: PullpassError | undefined): void
}

/** Work that takes longer has stopped: each request has a time limit of its own. */
const stuckAfterMs = 10 * 60_000

export function createStatus(
  read: () => ControllerState,
  { now, log }: Pick<Context, 'now' | 'log'>,
): ControllerStatus {
  const failures = new Map<string, { readonly hop: Hop; readonly code: ErrorCode; count: number }>()
  const writes = new Map<WriteResult, number>()
  const current = createCurrentFailures()
  let invalid: PullpassError | undefined
  let exchanges = 0
  let repairs = 0

  const count = ({ hop, code }: PullpassError) => {
    const key = `${hop} ${code}`
    const known = failures.get(key) ?? { hop, code, count: 0 }
    failures.set(key, known)
    known.count += 1
  }
  const failed: ControllerStatus['failed'] = (subject, fault, fields) => {
    count(fault)
    const { code, hop, seen } = fault
    const first = current.add(subject, JSON.stringify([code, fault.causeKey ?? seen]))
    log(first === 'first' ? 'error' : 'debug', 'a refresh failed', {
      ...fields,
      code,
      hop,
      seen,
      fix: fixOf(fault) ?? '',
    })
  }
  return {
    failed,
    exchanged({ mintedFrom, document, registry }, fault) {
      if (fault !== undefined) {
        failed(mintedFrom, fault, { document: document.name, registry: registry.name })
        return
      }
      exchanges += 1
      current.remove(mintedFrom)
    },
    succeeded: current.remove,
    wrote: (result) => void writes.set(result, (writes.get(result) ?? 0) + 1),
    repaired: () => void repairs++,
    documentsFault(fault) {
      if (fault !== undefined && fault.message !== invalid?.message) {
        const { code, seen } = fault
        count(fault)
        log('error', 'the documents are invalid, and the last valid ones stay in use', {
          code,
          seen,
          fix: fixOf(fault) ?? '',
        })
      }
      invalid = fault
    },
    endpoints: {
      live: [
        {
          name: 'queue',
          failure: () => {
            const { oldestMs } = read()
            return oldestMs < stuckAfterMs
              ? undefined
              : `a Secret has been in work for ${Math.round(oldestMs / 1000)} s`
          },
        },
      ],
      ready: [{ name: 'watches', failure: () => read().viewProblems.join('; ') || undefined }],
      notes: () =>
        invalid === undefined ? [] : [`the last valid documents are in use: ${invalid.code}: ${invalid.seen}`],
      metrics: () => [
        ...documentMetrics(read().documents, now()),
        ...counters({ exchanges, repairs, writes, failures: [...failures.values()] }),
        ...clusterMetrics(read(), invalid === undefined ? 1 : 0),
      ],
    },
  }
}

/** The current cause of each subject's failure, and how many subjects have it: a cause is reported when the first one has it. */
function createCurrentFailures() {
  const causes = new Map<string, string>()
  const subjects = new Map<string, number>()
  const remove = (subject: string): void => {
    const cause = causes.get(subject)
    if (cause === undefined) return
    causes.delete(subject)
    const others = (subjects.get(cause) ?? 1) - 1
    if (others === 0) subjects.delete(cause)
    else subjects.set(cause, others)
  }
  return {
    remove,
    add(subject: string, cause: string): 'first' | 'known' {
      const isKnown = subjects.has(cause)
      remove(subject)
      causes.set(subject, cause)
      subjects.set(cause, (subjects.get(cause) ?? 0) + 1)
      return isKnown ? 'known' : 'first'
    },
  }
}

function documentMetrics(documents: readonly DocumentState[], now: Date): Metric[] {
  const samples = (count: (state: DocumentState) => number): Sample[] =>
    documents.map((state) => ({ labels: { document: state.name }, value: count(state) }))
  return [
    gauge(
      'namespaces_desired',
      'Namespaces that a document selects.',
      samples(({ desired }) => desired),
    ),
    gauge(
      'namespaces_fresh',
      'Selected namespaces whose pull secret is valid.',
      samples(({ fresh }) => fresh),
    ),
    gauge(
      'seconds_to_expiry',
      'Time until the first entry of a registry expires in a selected namespace; negative: it has expired.',
      documents.flatMap(({ name, expiries }) =>
        [...expiries].map(([registry, at]) => ({
          labels: { document: name, registry },
          value: (at.getTime() - now.getTime()) / 1000,
        })),
      ),
    ),
  ]
}

interface Counts {
  readonly exchanges: number
  readonly repairs: number
  readonly writes: ReadonlyMap<string, number>
  readonly failures: readonly { readonly hop: Hop; readonly code: ErrorCode; readonly count: number }[]
}

const counters = ({ exchanges, repairs, writes, failures }: Counts): Metric[] => [
  counter('exchanges_total', 'Credentials that were obtained, one for each identity and registry.', [
    { value: exchanges },
  ]),
  counter(
    'writes_total',
    'Pull secrets that were written, by result.',
    (['created', 'updated', 'unchanged', 'skipped'] as const).map((result) => ({
      labels: { result },
      value: writes.get(result) ?? 0,
    })),
  ),
  counter('repairs_total', 'Pull secrets that were restored after another client deleted or changed them.', [
    { value: repairs },
  ]),
  counter(
    'failures_total',
    'Failed exchanges, writes and reloads of documents, by hop and code.',
    failures.map(({ hop, code, count }) => ({ labels: { hop, code }, value: count })),
  ),
]

const clusterMetrics = ({ queueDepth, oldestMs, watchRestarts }: ControllerState, valid: number): Metric[] => [
  counter(
    'watch_restarts_total',
    'Watches that were resumed or started again, by resource.',
    [...watchRestarts].map(([resource, value]) => ({ labels: { resource }, value })),
  ),
  gauge('queue_depth', 'Pull secrets that wait to be reconciled, or are being reconciled.', [{ value: queueDepth }]),
  gauge('queue_oldest_seconds', 'How long the oldest of them has been in the queue.', [{ value: oldestMs / 1000 }]),
  gauge('documents_valid', 'Whether the files are valid: 1, or 0 while the last valid documents are in use.', [
    { value: valid },
  ]),
]

const prefix = 'pullpass_controller_'
const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `${prefix}${name}`,
  type: 'gauge',
  help,
  samples,
})
const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `${prefix}${name}`,
  type: 'counter',
  help,
  samples,
})
