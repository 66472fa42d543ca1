/**
 * The benchmark, on a real kube-apiserver: what a refresh costs in many namespaces and in one, against the limit of the
 * machine and against the script that people run today. Prints tables, writes bench-results.json. Wants `npm run build`.
 */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { buildBarePrograms, createCandidates } from './candidates.ts'
import { maxNamespaces, measureFanOut } from './fan-out.ts'
import { evaluateGoals } from './goals.ts'
import { measureOneShot } from './one-shot.ts'
import { renderReport } from './render-report.ts'
import { startEnvironment } from './start-environment.ts'

const say = (text: string) => console.error(`bench: ${text}`)
const resultsFile = join(import.meta.dirname, '../bench-results.json')
const loadBefore = loadavg()

say(`starting the control plane, with ${maxNamespaces} namespaces`)
const ground = await startEnvironment(maxNamespaces)
try {
  const bare = await buildBarePrograms(ground)
  const contestants = createCandidates(ground, bare.applies)
  say('one namespace')
  const oneShot = await measureOneShot(ground, contestants, bare.get)
  const fanOut = await measureFanOut(ground, contestants, say)
  const report = { fanOut, oneShot, goals: evaluateGoals(fanOut, oneShot) }
  const machine = { node: process.version, processors: cpus().map(({ model }) => model), loadBefore }
  await writeFile(resultsFile, `${JSON.stringify({ machine, ...report }, null, 2)}\n`)
  console.log(renderReport(report))
} finally {
  await ground.close()
}
