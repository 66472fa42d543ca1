/** The results of the benchmark as tables. */
import { renderTable } from '../src/terminal/table.ts'
import type { FanOutRow } from './fan-out.ts'
import type { Goal } from './goals.ts'
import type { OneShotRow } from './one-shot.ts'

export interface Report {
  readonly fanOut: readonly FanOutRow[]
  readonly oneShot: readonly OneShotRow[]
  readonly goals: readonly Goal[]
}

export function renderReport({ fanOut, oneShot, goals }: Report): string {
  return [
    'One credential into many namespaces (~ extrapolated from 20; medians)',
    renderTable(
      { header: ['NAMESPACES', 'RUN', 'PROGRAM', 'WALL', 'CPU', 'PEAK', 'STS', 'IAM'], rows: byCount(fanOut) },
      'never',
    ),
    '',
    'One namespace, as a CronJob runs it',
    renderTable(
      { header: ['PROGRAM', 'RUNS', 'CPU', 'MEDIAN', 'WALL', 'PEAK'], rows: oneShot.map(oneShotCells) },
      'never',
    ),
    '',
    'Goals',
    renderTable({ header: ['GOAL', 'LIMIT', 'MEASURED', ''], rows: goals.map(goalCells) }, 'never'),
  ].join('\n')
}

const byCount = (rows: readonly FanOutRow[]) =>
  rows
    .toSorted((left, right) => left.namespaces - right.namespaces || left.run.localeCompare(right.run))
    .map(fanOutCells)

function fanOutCells({ program, namespaces, run, wallMs, cpuMs, peakMiB, calls, turns }: FanOutRow): string[] {
  const about = turns.length === 0 ? '~' : ''
  return [
    String(namespaces),
    run,
    program,
    `${about}${seconds(wallMs)}`,
    `${about}${seconds(cpuMs)}`,
    mebibytes(peakMiB),
    String(calls.sts),
    String(calls.iamCredentials),
  ]
}

const oneShotCells = ({ program, runs, cpuMs, wallMs, peakMiB }: OneShotRow) => [
  program,
  String(runs),
  `${cpuMs.least.toFixed(0)} ms`,
  `${cpuMs.median.toFixed(0)} ms`,
  `${wallMs.median.toFixed(0)} ms`,
  mebibytes(peakMiB),
]

const goalCells = ({ title, limit, measured, result }: Goal) => [title, limit, measured.toPrecision(3), result]

const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`
const mebibytes = (mib: number) => `${mib.toFixed(1)} MiB`
