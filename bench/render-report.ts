/** The results of the benchmark as tables. */
import { renderTable } from '../src/terminal/table.ts'
import type { ControllerRow } from './controller.ts'
import type { FanOutRow, Requests } from './fan-out.ts'
import { type Goal, quantile, type Ratio } from './goals.ts'
import type { OneShotRow } from './one-shot.ts'
import type { StatusRow } from './status.ts'

export interface Report {
  readonly fanOut: readonly FanOutRow[]
  readonly oneShot: readonly OneShotRow[]
  readonly status: readonly StatusRow[]
  readonly controllers: readonly ControllerRow[]
  readonly goals: readonly Goal[]
  readonly ratios: readonly Ratio[]
}

export function renderReport({ fanOut, oneShot, status, controllers, goals, ratios }: Report): string {
  return [
    'One credential into many namespaces (~ extrapolated from 20; medians)',
    renderTable(
      { header: ['NAMESPACES', 'RUN', 'PROGRAM', 'WALL', 'CPU', 'PEAK', 'REQUESTS TO CLOUDS'], rows: byCount(fanOut) },
      'never',
    ),
    '',
    'One namespace, as a CronJob runs it, and plugins of kubelets',
    renderTable(
      { header: ['PROGRAM', 'RUNS', 'CPU', 'MEDIAN', 'WALL', 'PEAK'], rows: oneShot.map(oneShotCells) },
      'never',
    ),
    '',
    'Status of all pull secrets (medians)',
    renderTable({ header: ['SECRETS', 'FORMAT', 'WALL', 'CPU', 'PEAK'], rows: status.map(statusCells) }, 'never'),
    '',
    'Controllers: until all Secrets are written, and until all are fresh after a restart; from a new namespace to its Secret',
    renderTable({ header: controllerHeader, rows: controllers.map(controllerCells) }, 'never'),
    '',
    'Goals',
    renderTable({ header: ['GOAL', 'LIMIT', 'MEASURED', '', 'WHY THIS LIMIT'], rows: goals.map(goalCells) }, 'never'),
    '',
    'Ratios without a goal',
    renderTable({ header: ['RATIO', 'MEASURED'], rows: ratios.map(ratioCells) }, 'never'),
  ].join('\n')
}

const byCount = (rows: readonly FanOutRow[]) =>
  rows
    .toSorted((left, right) => left.namespaces - right.namespaces || left.run.localeCompare(right.run))
    .map(fanOutCells)

function fanOutCells({ program, namespaces, run, wallMs, cpuMs, peakMiB, requests, turns }: FanOutRow): string[] {
  const about = turns.length === 0 ? '~' : ''
  return [
    String(namespaces),
    run,
    program,
    `${about}${seconds(wallMs)}`,
    `${about}${seconds(cpuMs)}`,
    mebibytes(peakMiB),
    requestsCell(requests),
  ]
}

/** `gcp 1+1`: the token service and impersonation; the token service and the registry at others. */
const requestsCell = (requests: Requests) =>
  Object.entries(requests)
    .filter(([, [first, second]]) => first + second > 0)
    .map(([vendor, counts]) => `${vendor} ${counts.join('+')}`)
    .join(', ') || '-'

const oneShotCells = ({ program, runs, cpuMs, wallMs, peakMiB }: OneShotRow) => [
  program,
  String(runs),
  `${cpuMs.least.toFixed(0)} ms`,
  `${cpuMs.median.toFixed(0)} ms`,
  `${wallMs.median.toFixed(0)} ms`,
  mebibytes(peakMiB),
]

const controllerHeader = [
  'NAMESPACES',
  'PROGRAM',
  'WRITTEN',
  'CPU',
  'RESTART',
  'CPU',
  'RESIDENT',
  'IDLE CPU',
  'NEW, P50',
  'P99',
  'REQUESTS FOR CREDENTIALS',
]

const controllerCells = (row: ControllerRow) => [
  String(row.namespaces),
  row.program,
  seconds(row.firstWrite.wallMs),
  seconds(row.firstWrite.cpuMs),
  seconds(row.restart.wallMs),
  seconds(row.restart.cpuMs),
  mebibytes(Math.max(row.residentMiB.written, row.residentMiB.restarted)),
  `${(row.idleLoad * 100).toFixed(1)} %`,
  seconds(quantile(row.newNamespaceMs, 0.5)),
  seconds(quantile(row.newNamespaceMs, 0.99)),
  String(row.exchanges),
]

const statusCells = ({ secrets, format, wallMs, cpuMs, peakMiB }: StatusRow) => [
  String(secrets),
  format,
  seconds(wallMs),
  seconds(cpuMs),
  mebibytes(peakMiB),
]

const goalCells = ({ title, limit, measured, result, reason }: Goal) => [
  title,
  limit,
  measured.toPrecision(3),
  result,
  reason,
]

const ratioCells = ({ title, measured }: Ratio) => [title, measured.toPrecision(3)]

const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`
const mebibytes = (mib: number) => `${mib.toFixed(1)} MiB`
