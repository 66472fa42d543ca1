/**
 * One credential into many namespaces: each contestant makes the Secrets (first run), then renews them (second run).
 * They take turns, so that what disturbs the machine disturbs them all.
 */
import { mkdir, rm } from 'node:fs/promises'
import type { Candidate, Candidates } from './candidates.ts'
import { type Cost, medianCost } from './cost.ts'
import { measureProcess } from './measure-process.ts'
import type { BenchEnvironment } from './start-environment.ts'

/** Its own figures are the medians of its turns. */
export interface FanOutRow extends Cost {
  readonly program: Candidate['name']
  readonly namespaces: number
  readonly run: 'create' | 'update'
  readonly calls: Calls
  /** In their order: the same turn of another program stood beside it. Empty where extrapolated. */
  readonly turns: readonly Cost[]
}

interface Calls {
  readonly sts: number
  readonly iamCredentials: number
}

/** Namespaces, and how often each contestant has its turn. */
const rounds = [
  { count: 1, turns: 7 },
  { count: 100, turns: 7 },
  { count: 1000, turns: 7 },
  { count: 5000, turns: 3 },
] as const
export const maxNamespaces = 5000
/** The script is measured with these; all else would take minutes. */
const scriptCounts = { few: 1, many: 20 } as const
const scriptTurns = 3

export async function measureFanOut(ground: BenchEnvironment, contestants: Candidates, say: Log): Promise<FanOutRow[]> {
  const { bare, pullpass, script } = contestants
  const rows: FanOutRow[] = []
  for (const { count, turns } of rounds) {
    say(`${count} namespaces, ${turns} turns`)
    rows.push(...(await takeTurns(ground, [bare, pullpass], { count, turns })))
  }
  say(`the plain script, ${scriptCounts.few} and ${scriptCounts.many} namespaces, ${scriptTurns} turns`)
  const few = await takeTurns(ground, [script], { count: scriptCounts.few, turns: scriptTurns })
  const many = await takeTurns(ground, [script], { count: scriptCounts.many, turns: scriptTurns })
  return [...rows, ...few, ...many, ...rounds.slice(1).flatMap(({ count }) => extrapolate(few, many, count))]
}

export type Log = (text: string) => void

interface Round {
  readonly count: number
  readonly turns: number
}

async function takeTurns(
  ground: BenchEnvironment,
  contestants: readonly Candidate[],
  round: Round,
): Promise<FanOutRow[]> {
  const namespaces = ground.namespaces.slice(0, round.count)
  const measured = contestants.map((contestant) => ({ contestant, create: [] as Run[], update: [] as Run[] }))
  for (let turn = 0; turn < round.turns; turn++) {
    for (const { contestant, create, update } of turn % 2 === 0 ? measured : measured.toReversed()) {
      await ground.removeSecrets(contestant.secretName, namespaces)
      create.push(await runOnce(ground, contestant, namespaces))
      update.push(await runOnce(ground, contestant, namespaces))
    }
  }
  for (const { contestant } of measured) await ground.removeSecrets(contestant.secretName, namespaces)
  return measured.flatMap(({ contestant, create, update }) => [
    rowOf(contestant, round.count, { run: 'create', runs: create }),
    rowOf(contestant, round.count, { run: 'update', runs: update }),
  ])
}

interface Run {
  readonly cost: Cost
  readonly calls: Calls
}

async function runOnce(ground: BenchEnvironment, contestant: Candidate, namespaces: readonly string[]): Promise<Run> {
  const { sts, iamCredentials } = ground.google
  const before = { sts: sts.seen.length, iamCredentials: iamCredentials.seen.length }
  await rm(ground.files.home, { recursive: true, force: true })
  await mkdir(ground.files.home)
  const cost = await measureProcess(contestant.program(namespaces))
  return {
    cost,
    calls: { sts: sts.seen.length - before.sts, iamCredentials: iamCredentials.seen.length - before.iamCredentials },
  }
}

function rowOf(
  { name }: Candidate,
  count: number,
  { run, runs }: { readonly run: FanOutRow['run']; readonly runs: readonly Run[] },
): FanOutRow {
  const calls = {
    sts: Math.max(...runs.map((each) => each.calls.sts)),
    iamCredentials: Math.max(...runs.map((each) => each.calls.iamCredentials)),
  }
  const turns = runs.map((each) => each.cost)
  return { program: name, namespaces: count, run, ...medianCost(turns), calls, turns }
}

/** A straight line through both measurements: what a run costs at all, and each namespace. */
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
