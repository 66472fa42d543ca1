/** Evaluates the goals, ratios within one benchmark run, from the measured rows. */
import type { ControllerRow } from './controller.ts'
import { median } from './cost.ts'
import type { FanOutRow } from './fan-out.ts'
import type { OneShotRow } from './one-shot.ts'
import type { StatusRow } from './status.ts'

export interface Goal {
  readonly title: string
  readonly limit: string
  readonly measured: number
  readonly result: 'met' | 'missed'
  /** Why this limit. */
  readonly reason: string
}

/** A ratio that has no limit. */
export type Ratio = Pick<Goal, 'title' | 'measured'>

export function evaluateGoals(fanOut: readonly FanOutRow[], oneShot: readonly OneShotRow[]): Goal[] {
  return [...(['create', 'update'] as const).flatMap((run) => fanOutGoals(fanOut, run)), ...oneShotGoals(oneShot)]
}

function fanOutGoals(rows: readonly FanOutRow[], run: FanOutRow['run']): Goal[] {
  const find = (program: FanOutRow['program'], namespaces: number) => fanOutRow(rows, { program, namespaces, run })
  const [thousand, fiveThousand] = [find('pullpass', 1000), find('pullpass', 5000)]
  const bare = find('bare applies', 1000)
  const title = (text: string) => `${run}: ${text}`
  return [
    atMost(title('1,000 namespaces, wall time / bare applies'), 1.25, pairedWall(thousand, bare), reasons.bare),
    atLeast(
      title('1,000 namespaces, wall time of the script / ours'),
      100,
      find('curl, jq, kubectl', 1000).wallMs / thousand.wallMs,
      reasons.script,
    ),
    atMost(title('1,000 namespaces, CPU / bare applies'), 1.3, leastCpuMs(thousand) / leastCpuMs(bare), reasons.bare),
    atMost(
      title('1,000 namespaces, MiB'),
      96,
      Math.max(...thousand.turns.map(({ peakMiB }) => peakMiB)),
      reasons.memory,
    ),
    atMost(
      title('wall time for each of 5,000 / of 1,000'),
      1.1,
      fiveThousand.wallMs / 5 / thousand.wallMs,
      reasons.scale,
    ),
    atMost(
      title('CPU for each of 5,000 / of 1,000'),
      1.1,
      leastCpuMs(fiveThousand) / 5 / leastCpuMs(thousand),
      reasons.scale,
    ),
    exactly(title('exchanges for one identity and registry'), 1, mostRequests(thousand), reasons.exchanges),
    exactly(
      title('exchanges for each identity and registry, three vendors'),
      1,
      mostRequests(find('pullpass, three vendors', 1000)),
      reasons.exchanges,
    ),
  ]
}

/** Where a limit comes from. The limits are requirements, set before the first measurement; none follows from a measurement. */
const reasons = {
  bare: 'the applies are unavoidable: the rest of a refresh may add this share',
  script: 'the script that pullpass replaces starts kubectl for each namespace',
  memory: 'below the memory limit of the CronJob, 256Mi, with space for documents and caches',
  podMemory: 'the memory request of the CronJob, 64Mi',
  controllerMemory: 'half of the memory limit of the Deployment, 256Mi',
  restart: 'a restart must not delay new namespaces',
  idle: 'a controller mostly waits',
  newNamespace: 'before the first image of a new namespace is pulled',
  scale: 'cost is proportional to the number of namespaces',
  exchanges:
    'one exchange per identity and registry, whatever the number of namespaces; none would mean that nothing was measured',
  request: 'a refresh needs at least one request over TLS: the rest may add this share',
  kubeconfig: 'as in a pod; in addition, a YAML parser is loaded for the kubeconfig',
  start: 'a kubelet waits for the plugin at each pull; from its cache it needs no request',
  status: 'a command at a terminal, whose result a user waits for',
  statusMemory: 'the list is read in pages, and not stored as a whole',
  connections: 'a bare process that makes as many requests over TLS connections of their own',
} as const

const fanOutRow = (rows: readonly FanOutRow[], of: Pick<FanOutRow, 'program' | 'namespaces' | 'run'>): FanOutRow =>
  found(rows.find((row) => row.program === of.program && row.namespaces === of.namespaces && row.run === of.run))

/** To one service. Not more than one for each, and at least one to any. */
const mostRequests = ({ requests }: FanOutRow) => Math.max(...Object.values(requests).flat())

/** Ratio of turns with the same index: other load on the machine affects both. */
const pairedWall = (ours: FanOutRow, theirs: FanOutRow) =>
  median(ours.turns.map(({ wallMs }, turn) => wallMs / (theirs.turns[turn]?.wallMs ?? Number.NaN)))

/** The minimum of all runs: other load on the machine only increases it. */
const leastCpuMs = ({ turns }: FanOutRow) => Math.min(...turns.map(({ cpuMs }) => cpuMs))

function oneShotGoals(rows: readonly OneShotRow[]): Goal[] {
  const find = (program: OneShotRow['program']) => found(rows.find((row) => row.program === program))
  const cpuOf = (program: OneShotRow['program']) => find(program).cpuMs.least
  const [start, request] = [cpuOf('node -e 0'), cpuOf('https.get')]
  /** One start of Node.js, and this number of requests. */
  const bareClient = (connections: number) => start + connections * (request - start)
  return [
    atMost('one-shot in a pod, CPU / https.get', 1.5, cpuOf('pullpass in a pod') / request, reasons.request),
    atMost('one-shot in a pod, MiB', 64, find('pullpass in a pod').peakMiB, reasons.podMemory),
    atMost(
      'one-shot from a kubeconfig, CPU / https.get',
      1.8,
      cpuOf('pullpass, kubeconfig') / request,
      reasons.kubeconfig,
    ),
    // Two connections: to the token service, and for impersonation at Google or for ECR at AWS.
    ...(['plugin', 'plugin for ECR'] as const).flatMap((plugin) => [
      atMost(
        `${plugin}, from its cache, CPU / node -e 0`,
        1.5,
        cpuOf(`${plugin}, from its cache`) / start,
        reasons.start,
      ),
      atMost(
        `${plugin}, with an exchange, CPU / a process with 2 https.get`,
        1.3,
        cpuOf(`${plugin}, with an exchange`) / bareClient(2),
        reasons.connections,
      ),
      atMost(`${plugin}, MiB`, 64, find(`${plugin}, with an exchange`).peakMiB, reasons.podMemory),
    ]),
  ]
}

/** The least wall time: other load on the machine only increases it. */
export function controllerGoals(row: ControllerRow, fanOut: readonly FanOutRow[]): Goal[] {
  const { namespaces, firstWrite, restart, residentMiB, idleLoad, newNamespaceMs, exchanges } = row
  const most = Math.max(...fanOut.filter(({ program }) => program === 'bare applies').map((one) => one.namespaces))
  const bare = fanOutRow(fanOut, { program: 'bare applies', namespaces: Math.min(namespaces, most), run: 'create' })
  const title = (text: string) => `controller, ${namespaces} namespaces: ${text}`
  return [
    atMost(
      title('start to all written, wall time / bare applies'),
      1.25,
      firstWrite.wallMs / namespaces / (bare.wallMs / bare.namespaces),
      reasons.bare,
    ),
    atMost(title('start to all fresh, nothing due, s'), 10, restart.wallMs / 1000, reasons.restart),
    atMost(title('resident MiB'), 128, Math.max(residentMiB.written, residentMiB.restarted), reasons.controllerMemory),
    atMost(title('idle CPU, part of a core'), 0.01, idleLoad, reasons.idle),
    atMost(title('new namespace to Secret, p50, ms'), 50, quantile(newNamespaceMs, 0.5), reasons.newNamespace),
    atMost(title('new namespace to Secret, p99, ms'), 250, quantile(newNamespaceMs, 0.99), reasons.newNamespace),
    exactly(title('exchanges, with a restart'), 1, exchanges, reasons.exchanges),
  ]
}

/** `values`: ascending. `share`: from 0 to 1. */
export const quantile = (values: readonly number[], share: number): number =>
  values[Math.ceil(values.length * share) - 1] ?? Number.NaN

/** Of External Secrets to pullpass. */
export function compareControllers(rows: readonly ControllerRow[]): Ratio[] {
  const find = (program: ControllerRow['program']) =>
    found(rows.find((row) => row.program === program && row.namespaces === 1000))
  const [theirs, ours] = [find('external-secrets'), find('pullpass')]
  const ratio = (figure: string, of: (row: ControllerRow) => number): Ratio => ({
    title: `controller, 1000 namespaces, ${figure}: external-secrets / pullpass`,
    measured: of(theirs) / of(ours),
  })
  return [
    ratio('wall time of the first write', ({ firstWrite }) => firstWrite.wallMs),
    ratio('CPU of the first write', ({ firstWrite }) => firstWrite.cpuMs),
    ratio('resident memory', ({ residentMiB }) => residentMiB.written),
    ratio('new namespace to Secret, p50', ({ newNamespaceMs }) => quantile(newNamespaceMs, 0.5)),
    ratio('new namespace to Secret, p99', ({ newNamespaceMs }) => quantile(newNamespaceMs, 0.99)),
    ratio('requests for credentials', ({ exchanges }) => exchanges),
  ]
}

export const statusGoals = (rows: readonly StatusRow[]): Goal[] =>
  rows.flatMap(({ format, secrets, peakMiB, turns }) => [
    atMost(
      `status of ${secrets} pull secrets, ${format}, s`,
      5,
      Math.min(...turns.map(({ wallMs }) => wallMs)) / 1000,
      reasons.status,
    ),
    atMost(`status of ${secrets} pull secrets, ${format}, MiB`, 128, peakMiB, reasons.statusMemory),
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

const atMost = (title: string, limit: number, measured: number, reason: string): Goal => ({
  title,
  limit: `at most ${limit}`,
  measured,
  result: measured <= limit ? 'met' : 'missed',
  reason,
})

const atLeast = (title: string, limit: number, measured: number, reason: string): Goal => ({
  title,
  limit: `at least ${limit}`,
  measured,
  result: measured >= limit ? 'met' : 'missed',
  reason,
})

const exactly = (title: string, limit: number, measured: number, reason: string): Goal => ({
  title,
  limit: `exactly ${limit}`,
  measured,
  result: measured === limit ? 'met' : 'missed',
  reason,
})
