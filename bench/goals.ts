/** Evaluates the goals, ratios within one benchmark run, from the measured rows. */
import { median } from './cost.ts'
import type { FanOutRow } from './fan-out.ts'
import type { OneShotRow } from './one-shot.ts'
import type { StatusRow } from './status.ts'

export interface Goal {
  readonly title: string
  readonly limit: string
  readonly measured: number
  readonly result: 'met' | 'missed'
}

/** A ratio that has no limit. */
export type Ratio = Pick<Goal, 'title' | 'measured'>

export function evaluateGoals(fanOut: readonly FanOutRow[], oneShot: readonly OneShotRow[]): Goal[] {
  return [...(['create', 'update'] as const).flatMap((run) => fanOutGoals(fanOut, run)), ...oneShotGoals(oneShot)]
}

function fanOutGoals(rows: readonly FanOutRow[], run: FanOutRow['run']): Goal[] {
  const find = (program: FanOutRow['program'], namespaces: number) => fanOutRow(rows, { program, namespaces, run })
  const [thousand, fiveThousand] = [find('pullpass', 1000), find('pullpass', 5000)]
  const title = (text: string) => `${run}: ${text}`
  return [
    atMost(title('1,000 namespaces, wall time / bare applies'), 1.25, pairedWall(thousand, find('bare applies', 1000))),
    atLeast(
      title('1,000 namespaces, wall time of the script / ours'),
      100,
      find('curl, jq, kubectl', 1000).wallMs / thousand.wallMs,
    ),
    atMost(
      title('1,000 namespaces, CPU / bare applies'),
      1.3,
      leastCpuMs(thousand) / leastCpuMs(find('bare applies', 1000)),
    ),
    atMost(title('1,000 namespaces, MiB'), 96, Math.max(...thousand.turns.map(({ peakMiB }) => peakMiB))),
    atMost(title('wall time for each of 5,000 / of 1,000'), 1.1, fiveThousand.wallMs / 5 / thousand.wallMs),
    atMost(title('CPU for each of 5,000 / of 1,000'), 1.1, leastCpuMs(fiveThousand) / 5 / leastCpuMs(thousand)),
    atMost(title('exchanges for one identity and registry'), 1, mostRequests(thousand)),
    atMost(
      title('exchanges for each identity and registry, three vendors'),
      1,
      mostRequests(find('pullpass, three vendors', 1000)),
    ),
  ]
}

const fanOutRow = (rows: readonly FanOutRow[], of: Pick<FanOutRow, 'program' | 'namespaces' | 'run'>): FanOutRow =>
  found(rows.find((row) => row.program === of.program && row.namespaces === of.namespaces && row.run === of.run))

/** To one service. */
const mostRequests = ({ requests }: FanOutRow) => Math.max(...Object.values(requests).flat())

/** Ratio of turns with the same index: other load on the machine affects both. */
const pairedWall = (ours: FanOutRow, theirs: FanOutRow) =>
  median(ours.turns.map(({ wallMs }, turn) => wallMs / (theirs.turns[turn]?.wallMs ?? Number.NaN)))

/** The minimum of all runs: other load on the machine only increases it. */
const leastCpuMs = ({ turns }: FanOutRow) => Math.min(...turns.map(({ cpuMs }) => cpuMs))

function oneShotGoals(rows: readonly OneShotRow[]): Goal[] {
  const find = (program: OneShotRow['program']) => found(rows.find((row) => row.program === program))
  const cpuOf = (program: OneShotRow['program']) => find(program).cpuMs.least
  return [
    atMost('one-shot in a pod, CPU / https.get', 1.5, cpuOf('pullpass in a pod') / cpuOf('https.get')),
    atMost('one-shot in a pod, MiB', 64, find('pullpass in a pod').peakMiB),
    atMost('plugin from its cache, CPU / node -e 0', 1.5, cpuOf('plugin, from its cache') / cpuOf('node -e 0')),
    // Two TLS connections: the token service, and impersonation.
    atMost(
      'plugin with an exchange, CPU / https.get for each connection',
      1.3,
      cpuOf('plugin, with an exchange') / (2 * cpuOf('https.get')),
    ),
    atMost('plugin, MiB', 64, find('plugin, with an exchange').peakMiB),
    atMost(
      'plugin for ECR, from its cache, CPU / node -e 0',
      1.5,
      cpuOf('plugin for ECR, from its cache') / cpuOf('node -e 0'),
    ),
    // Two TLS connections: the token service, and ECR.
    atMost(
      'plugin for ECR, with an exchange, CPU / https.get for each connection',
      1.3,
      cpuOf('plugin for ECR, with an exchange') / (2 * cpuOf('https.get')),
    ),
    atMost('plugin for ECR, MiB', 64, find('plugin for ECR, with an exchange').peakMiB),
    atMost('one-shot from a kubeconfig, CPU / https.get', 1.8, cpuOf('pullpass, kubeconfig') / cpuOf('https.get')),
  ]
}

/** The least wall time: other load on the machine only increases it. */
export const statusGoals = (rows: readonly StatusRow[]): Goal[] =>
  rows.flatMap(({ format, secrets, peakMiB, turns }) => [
    atMost(`status of ${secrets} pull secrets, ${format}, s`, 5, Math.min(...turns.map(({ wallMs }) => wallMs)) / 1000),
    atMost(`status of ${secrets} pull secrets, ${format}, MiB`, 128, peakMiB),
  ])

/** Of three vendors to one, and of pullpass to AWS's own plugin. */
export function compareCosts(fanOut: readonly FanOutRow[], oneShot: readonly OneShotRow[]): Ratio[] {
  const find = (program: OneShotRow['program']) => found(oneShot.find((row) => row.program === program))
  const theirs = find('ecr-credential-provider, with an exchange')
  return [
    ...(['create', 'update'] as const).flatMap((run) => {
      const three = fanOutRow(fanOut, { program: 'pullpass, three vendors', namespaces: 1000, run })
      const one = fanOutRow(fanOut, { program: 'pullpass', namespaces: 1000, run })
      return [
        { title: `${run}: 1,000 namespaces, wall time of three vendors / of one`, measured: pairedWall(three, one) },
        {
          title: `${run}: 1,000 namespaces, CPU of three vendors / of one`,
          measured: leastCpuMs(three) / leastCpuMs(one),
        },
      ]
    }),
    ...(['plugin for ECR, with an exchange', 'plugin for ECR, from its cache'] as const).flatMap((program) => {
      const { cpuMs, wallMs, peakMiB } = find(program)
      const title = (figure: string) => `${program}, ${figure} / ecr-credential-provider, with an exchange`
      return [
        { title: title('CPU'), measured: cpuMs.least / theirs.cpuMs.least },
        { title: title('wall time'), measured: wallMs.median / theirs.wallMs.median },
        { title: title('MiB'), measured: peakMiB / theirs.peakMiB },
      ]
    }),
  ]
}

function found<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new TypeError('a goal needs a row that was not measured')
  return row
}

const atMost = (title: string, limit: number, measured: number): Goal => ({
  title,
  limit: `at most ${limit}`,
  measured,
  result: measured <= limit ? 'met' : 'missed',
})

const atLeast = (title: string, limit: number, measured: number): Goal => ({
  title,
  limit: `at least ${limit}`,
  measured,
  result: measured >= limit ? 'met' : 'missed',
})
