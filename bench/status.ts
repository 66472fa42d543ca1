/** `pullpass status` with 10,000 pull secrets that pullpass wrote, two in each namespace. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Candidates, pullpassWords } from './candidates.ts'
import { type Cost, medianCost } from './cost.ts'
import { measureProcess } from './measure-process.ts'
import type { BenchEnvironment } from './start-environment.ts'

export interface StatusRow extends Cost {
  /** `compared`: with documents that select what exists. */
  readonly format: Format
  readonly secrets: number
  readonly turns: readonly Cost[]
}

type Format = (typeof formats)[number]

const formats = ['table', 'json', 'compared'] as const
const turns = 7
const secretNames = ['status-one', 'status-two'] as const

export async function measureStatus(bench: BenchEnvironment, { pullpass }: Candidates): Promise<StatusRow[]> {
  for (const name of secretNames) {
    const { words, environment } = pullpass.program(bench.namespaces)
    await measureProcess({ words, environment: { ...environment, REGISTRY_SECRET_NAME: name } })
  }
  const file = join(bench.folder, 'status.yaml')
  await writeFile(file, secretNames.map(documentFor).join('---\n'))
  const flags: Readonly<Record<Format, readonly string[]>> = { table: [], json: ['-o', 'json'], compared: ['-f', file] }
  const { environment } = pullpass.program([])
  const costs: Record<Format, Cost[]> = { table: [], json: [], compared: [] }
  for (let turn = 0; turn < turns; turn++) {
    for (const format of formats) {
      const words = [...pullpassWords.slice(0, -1), 'status', ...flags[format]]
      costs[format].push(await measureProcess({ words, environment }))
    }
  }
  for (const name of secretNames) await bench.removeSecrets(name, bench.namespaces)
  return formats.map((format) => ({
    format,
    secrets: secretNames.length * bench.namespaces.length,
    ...medianCost(costs[format]),
    turns: costs[format],
  }))
}

const documentFor = (name: string) => `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  namespaces: {include: ["team-*"]}
  serviceAccountRef: {namespace: default, name: default}
  registries: [{name: quay, hosts: [quay.io], quay: {robot: example+puller}}]
`
