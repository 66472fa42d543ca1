/** The results of the benchmark as tables. */
import { renderTable } from '../src/terminal/table.ts'
import type { ControllerRow } from './controller.ts'
import type { FanOutRow, Requests } from './fan-out.ts'
import type { Goal, Ratio } from './goals.ts'
import type { OneShotRow } from './one-shot.ts'
import type { StatusRow } from './status.ts'

export interface Report {
  readonly fanOut: readonly FanOutRow[]
  readonly oneShot: readonly OneShotRow[]
  readonly status: readonly StatusRow[]
  readonly controller: ControllerRow
  readonly goals: readonly Goal[]
  readonly ratios: readonly Ratio[]
}

export function renderReport({ fanOut, oneShot, status, controller, goals, ratios }: Report): string {
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
    `The controller in ${controller.namespaces} namespaces`,
    renderTable({ header: ['START', 'WALL', 'CPU', 'RESIDENT'], rows: controllerCells(controller) }, 'never'),
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

const controllerCells = ({ firstWrite, restart, residentMiB }: ControllerRow) => [
  ['until all are written', seconds(firstWrite.wallMs), seconds(firstWrite.cpuMs), mebibytes(residentMiB.written)],
  ['until all are fresh', seconds(restart.wallMs), seconds(restart.cpuMs), mebibytes(residentMiB.restarted)],
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
