/**
 * The benchmark, with a real kube-apiserver: the cost of a refresh in many namespaces and in one, compared with a minimal
 * program and with a common shell script; of the status of 10,000 pull secrets;
 * and of the controller, compared with External Secrets Operator. Prints tables and writes bench-results.json. Requires `npm run build`.
 */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { buildBarePrograms, createCandidates } from './candidates.ts'
import { type ControllerProgram, type ControllerRow, measureController, pullpassController } from './controller.ts'
import { externalSecretsController } from './external-secrets.ts'
import { maxNamespaces, measureFanOut } from './fan-out.ts'
import { compareControllers, compareCosts, controllerGoals, evaluateGoals, statusGoals } from './goals.ts'
import { measureOneShot } from './one-shot.ts'
import { renderReport } from './render-report.ts'
import { type BenchEnvironment, startEnvironment } from './start-environment.ts'
import { measureStatus } from './status.ts'

const log = (text: string) => console.error(`bench: ${text}`)
const resultsFile = join(import.meta.dirname, '../bench-results.json')
const loadBefore = loadavg()

log(`starting the control plane, with ${maxNamespaces} namespaces`)
const bench = await startEnvironment(maxNamespaces)
try {
  const bare = await buildBarePrograms(bench)
  const candidates = await createCandidates(bench, bare.applies)
  log('one namespace')
  const oneShot = await measureOneShot(bench, candidates, bare.get)
  const fanOut = await measureFanOut(bench, candidates, log)
  log('status of 10,000 pull secrets')
  const status = await measureStatus(bench, candidates)
  const controllers = [
    await measureController(await pullpassController(bench), bench, log),
    await measureAlone(pullpassController, 10_000),
    await measureAlone(pullpassController, 1000),
    await measureAlone(externalSecretsController, 1000),
  ]
  const report = {
    fanOut,
    oneShot,
    status,
    controllers,
    goals: [
      ...evaluateGoals(fanOut, oneShot),
      ...statusGoals(status),
      ...controllers.filter(({ program }) => program === 'pullpass').flatMap((row) => controllerGoals(row, fanOut)),
    ],
    ratios: [...compareCosts(fanOut, oneShot), ...compareControllers(controllers)],
  }
  const machine = { node: process.version, processors: cpus().map(({ model }) => model), loadBefore }
  await writeFile(resultsFile, `${JSON.stringify({ machine, ...report }, null, 2)}\n`)
  console.log(renderReport(report))
} finally {
  await bench.close()
}

/** On a control plane of its own. */
async function measureAlone(
  create: (bench: BenchEnvironment) => Promise<ControllerProgram>,
  namespaces: number,
): Promise<ControllerRow> {
  const own = await startEnvironment(namespaces)
  try {
    return await measureController(await create(own), own, log)
  } finally {
    await own.close()
  }
}
