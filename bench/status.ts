/** `pullpass status` with 10,000 pull secrets that pullpass wrote, two in each namespace. */
import { type Candidates, pullpassWords } from './candidates.ts'
import { type Cost, medianCost } from './cost.ts'
import { measureProcess } from './measure-process.ts'
import type { BenchEnvironment } from './start-environment.ts'

export interface StatusRow extends Cost {
  readonly format: 'table' | 'json'
  readonly secrets: number
  readonly turns: readonly Cost[]
}

const turns = 7
const secretNames = ['status-one', 'status-two'] as const

export async function measureStatus(bench: BenchEnvironment, { pullpass }: Candidates): Promise<StatusRow[]> {
  for (const name of secretNames) {
    const { words, environment } = pullpass.program(bench.namespaces)
    await measureProcess({ words, environment: { ...environment, REGISTRY_SECRET_NAME: name } })
  }
  const formats = { table: [], json: ['-o', 'json'] } as const
  const { environment } = pullpass.program([])
  const costs: Record<StatusRow['format'], Cost[]> = { table: [], json: [] }
  for (let turn = 0; turn < turns; turn++) {
    for (const format of ['table', 'json'] as const) {
      const words = [...pullpassWords.slice(0, -1), 'status', ...formats[format]]
      costs[format].push(await measureProcess({ words, environment }))
    }
  }
  for (const name of secretNames) await bench.removeSecrets(name, bench.namespaces)
  return (['table', 'json'] as const).map((format) => ({
    format,
    secrets: secretNames.length * bench.namespaces.length,
    ...medianCost(costs[format]),
    turns: costs[format],
  }))
}
