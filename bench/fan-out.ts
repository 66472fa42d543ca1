/**
 * One credential in many namespaces: each candidate creates the Secrets (first run), then updates them (second run).
 * Candidates alternate, so that other load on the machine affects them equally.
 */
import { mkdir, rm } from 'node:fs/promises'
import { type Candidate, type Candidates, threeVendorsCount } from './candidates.ts'
import { type Cost, medianCost } from './cost.ts'
import { measureProcess } from './measure-process.ts'
import type { BenchEnvironment } from './start-environment.ts'

/** Its values are the medians of its turns. */
export interface FanOutRow extends Cost {
  readonly program: Candidate['name']
  readonly namespaces: number
  readonly run: 'create' | 'update'
  readonly requests: Requests
  /** In order: turns with the same index ran next to each other. Empty if extrapolated. */
  readonly turns: readonly Cost[]
}

/** To both services of an exchange, by vendor. */
export type Requests = Readonly<Record<'gcp' | 'aws' | 'azure', readonly [number, number]>>

/** Numbers of namespaces, and of turns of each candidate. */
const rounds = [
  { count: 1, turns: 7 },
  { count: 100, turns: 7 },
  { count: 1000, turns: 7 },
  { count: 5000, turns: 3 },
] as const
export const maxNamespaces = 5000
/** The script is measured with these only: others would take minutes. */
const scriptCounts = { few: 1, many: 20 } as const
const scriptTurns = 3

export async function measureFanOut(bench: BenchEnvironment, candidates: Candidates, log: Log): Promise<FanOutRow[]> {
  const { bare, pullpass, threeVendors, script } = candidates
  const rows: FanOutRow[] = []
  for (const { count, turns } of rounds) {
    log(`${count} namespaces, ${turns} turns`)
    const others = count === threeVendorsCount ? [threeVendors] : []
    rows.push(...(await takeTurns(bench, [bare, pullpass, ...others], { count, turns })))
  }
  log(`the plain script, ${scriptCounts.few} and ${scriptCounts.many} namespaces, ${scriptTurns} turns`)
  const few = await takeTurns(bench, [script], { count: scriptCounts.few, turns: scriptTurns })
  const many = await takeTurns(bench, [script], { count: scriptCounts.many, turns: scriptTurns })
  return [...rows, ...few, ...many, ...rounds.slice(1).flatMap(({ count }) => extrapolate(few, many, count))]
}

export type Log = (text: string) => void

interface Round {
  readonly count: number
  readonly turns: number
}

async function takeTurns(
  bench: BenchEnvironment,
  candidates: readonly Candidate[],
  round: Round,
): Promise<FanOutRow[]> {
  const namespaces = bench.namespaces.slice(0, round.count)
  const measured = candidates.map((candidate) => ({ candidate, create: [] as Run[], update: [] as Run[] }))
  for (let turn = 0; turn < round.turns; turn++) {
    for (const { candidate, create, update } of turn % 2 === 0 ? measured : measured.toReversed()) {
      await bench.removeSecrets(candidate.secretName, namespaces)
      create.push(await runOnce(bench, candidate, namespaces))
      update.push(await runOnce(bench, candidate, namespaces))
    }
  }
  for (const { candidate } of measured) await bench.removeSecrets(candidate.secretName, namespaces)
  return measured.flatMap(({ candidate, create, update }) => [
    rowOf(candidate, round.count, { run: 'create', runs: create }),
    rowOf(candidate, round.count, { run: 'update', runs: update }),
  ])
}

interface Run {
  readonly cost: Cost
  readonly requests: Requests
}

async function runOnce(bench: BenchEnvironment, candidate: Candidate, namespaces: readonly string[]): Promise<Run> {
  const before = countRequests(bench)
  await rm(bench.files.home, { recursive: true, force: true })
  await mkdir(bench.files.home)
  const cost = await measureProcess(candidate.program(namespaces))
  const after = countRequests(bench)
  return { cost, requests: combine(after, before, (last, first) => last - first) }
}

/** Since the start of the benchmark. */
function countRequests({ clouds: { google, aws, azure } }: BenchEnvironment): Requests {
  const count = ([first, second]: (typeof aws)['parts']) => [first.seen.length, second.seen.length] as const
  return { gcp: count([google.sts, google.iamCredentials]), aws: count(aws.parts), azure: count(azure.parts) }
}

function combine(left: Requests, right: Requests, of: (left: number, right: number) => number): Requests {
  const pair = (vendor: keyof Requests) =>
    [of(left[vendor][0], right[vendor][0]), of(left[vendor][1], right[vendor][1])] as const
  return { gcp: pair('gcp'), aws: pair('aws'), azure: pair('azure') }
}

function rowOf(
  { name }: Candidate,
  count: number,
  { run, runs }: { readonly run: FanOutRow['run']; readonly runs: readonly Run[] },
): FanOutRow {
  const most = runs.map(({ requests }) => requests).reduce((left, right) => combine(left, right, Math.max))
  const turns = runs.map((each) => each.cost)
  return { program: name, namespaces: count, run, ...medianCost(turns), requests: most, turns }
}

/** Linear extrapolation from both measurements: a fixed cost, and a cost per namespace. */
function extrapolate(few: readonly FanOutRow[], many: readonly FanOutRow[], count: number): FanOutRow[] {
  return few.map((low, index) => {
    const high = many[index] ?? low
    const line = (figure: 'wallMs' | 'cpuMs') => {
      const each = (high[figure] - low[figure]) / (high.namespaces - low.namespaces)
      return low[figure] + each * (count - low.namespaces)
    }
    return { ...high, namespaces: count, wallMs: line('wallMs'), cpuMs: line('cpuMs'), turns: [] }
  })
}
