/** The metrics of a controller: pure. Names by https://prometheus.io/docs/practices/naming/; no label is a namespace. */
import type { ErrorCode } from '../../errors/codes.ts'
import type { Hop } from '../../errors/pullpass-error.ts'
import type { HealthEndpoints } from '../../server/health.ts'
import { createHistogram, type Histogram, type Metric, type Sample } from '../../server/metrics.ts'

/** What the controller knows when it is queried. */
export interface ControllerState {
  readonly leading: boolean
  /** Custom resources whose current version is invalid. */
  readonly invalidResources: number
  /** Why the Lease cannot be read or renewed. */
  readonly leaseProblem: string | undefined
  /** Without those of tenants; empty on a standby. */
  readonly documents: readonly DocumentState[]
  /** Numbers of PullSecrets of tenants. */
  readonly tenants: { readonly desired: number; readonly fresh: number; readonly exchangesWaiting: number }
  readonly queueDepth: number
  readonly oldestMs: number
  /** Of the loops of `issuer watch`; undefined on a standby. */
  readonly issuers: HealthEndpoints | undefined
  /** Watches that were resumed, by resource. */
  readonly watchRestarts: ReadonlyMap<string, number>
  /** Why the view of the cluster is not complete. */
  readonly viewProblems: readonly string[]
  /** Of the watch of PullSecrets. */
  readonly tenantProblems: readonly string[]
}

export interface DocumentState {
  /** `ClusterPullSecret/NAME`. */
  readonly name: string
  readonly desired: number
  readonly fresh: number
  /** By registry: the earliest expiry in the selected namespaces; absent: no namespace has an entry. */
  readonly expiries: ReadonlyMap<string, Date>
}

export type WriteResult = 'created' | 'updated' | 'unchanged' | 'skipped' | 'deleted'

export function documentMetrics(
  { documents, tenants }: Pick<ControllerState, 'documents' | 'tenants'>,
  now: Date,
): Metric[] {
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
    gauge('tenants_desired', 'PullSecrets of tenants that are used.', [{ value: tenants.desired }]),
    gauge('tenants_fresh', 'PullSecrets of tenants whose pull secret is valid.', [{ value: tenants.fresh }]),
    gauge(
      'tenants_exchanges_waiting',
      'Exchanges of PullSecrets that wait for others of their namespace: retries, and refreshes of credentials that are valid for less than ten minutes.',
      [{ value: tenants.exchangesWaiting }],
    ),
  ]
}

interface Counts {
  readonly exchanges: number
  readonly repairs: number
  /** Of the view with the cluster, by result. */
  readonly comparisons: Readonly<Record<'completed' | 'failed', number>>
  readonly missed: number
  readonly writes: ReadonlyMap<WriteResult, number>
  readonly failures: readonly { readonly hop: Hop; readonly code: ErrorCode; readonly count: number }[]
}

export const counters = ({ exchanges, repairs, comparisons, missed, writes, failures }: Counts): Metric[] => [
  counter('exchanges_total', 'Credentials that were obtained, one for each identity and registry.', [
    { value: exchanges },
  ]),
  counter(
    'writes_total',
    'Pull secrets that were written or deleted, by result.',
    (['created', 'updated', 'unchanged', 'skipped', 'deleted'] as const).map((result) => ({
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
  counter(
    'missed_changes_total',
    'Changes of namespaces and pull secrets that no watch reported; a full comparison found and repaired them.',
    [{ value: missed }],
  ),
  counter(
    'comparisons_total',
    'Full comparisons of namespaces, and of the pull secrets of one name, with the cluster, by result.',
    (['completed', 'failed'] as const).map((result) => ({ labels: { result }, value: comparisons[result] })),
  ),
]

export const clusterMetrics = (
  { leading, queueDepth, oldestMs, watchRestarts, invalidResources }: ControllerState,
  valid: number,
): Metric[] => [
  gauge('leader', 'Whether this replica leads: 1, or 0 on standby.', [{ value: leading ? 1 : 0 }]),
  counter(
    'watch_restarts_total',
    'Watches that were resumed or started again, by resource.',
    [...watchRestarts].map(([resource, value]) => ({ labels: { resource }, value })),
  ),
  gauge('queue_depth', 'Pull secrets that wait to be reconciled, or are being reconciled.', [{ value: queueDepth }]),
  gauge('queue_oldest_seconds', 'How long the oldest of them has been in the queue.', [{ value: oldestMs / 1000 }]),
  gauge(
    'resources_invalid',
    'Custom resources whose current version is invalid, without PullSecrets above the limit of their namespace.',
    [{ value: invalidResources }],
  ),
  gauge('documents_valid', 'Whether the files are valid: 1, or 0 while the last valid documents are in use.', [
    { value: valid },
  ]),
]

export type TimedWork = 'exchange' | 'apply'

const durationHelp: Readonly<Record<TimedWork, string>> = {
  exchange: 'Duration of the exchanges of a token for a registry credential, with their attempts.',
  apply: 'Duration of the writes of a pull secret, with their attempts.',
}

/** From an apply on a near API server to the longest time limit of an exchange. */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createDurations(): Readonly<Record<TimedWork, Histogram>> {
  const durationOf = (work: TimedWork) =>
    createHistogram({
      name: `${prefix}${work}_duration_seconds`,
      help: durationHelp[work],
      bounds: durationBounds,
      labels: [{ result: 'succeeded' }, { result: 'failed' }],
    })
  return { exchange: durationOf('exchange'), apply: durationOf('apply') }
}

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
