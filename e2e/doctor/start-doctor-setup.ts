/**
 * The environment for doctor's printed commands: a real cluster whose issuer is in the sandbox's bucket, the sandbox's
 * Google and registry, which trust it, and a shell with the real kubectl and pullpass.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { type PullpassRun, runPullpass } from '../../test/support/run-pullpass.ts'
import { type KubernetesRequest, requestAsAdmin } from '../parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { writePullpassProgram } from '../parts/process/pullpass-program.ts'
import { type ProgramRun, runProgram, runSuccessfully } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { type ControlPlane, startControlPlane } from '../parts/start-control-plane.ts'
import { startWebhooks, type Webhooks } from './start-webhooks.ts'

export interface DoctorSetup extends RealPart {
  readonly sandbox: Sandbox
  readonly plane: ControlPlane
  /** The server of admission webhooks. */
  readonly webhooks: Webhooks
  /** Mode 0700. */
  readonly folder: string
  /** Runs pullpass in this process, with real time and additional variables: it takes a third of the CPU time of the program. */
  readonly pullpass: (argv: readonly string[], variables?: Readonly<Record<string, string>>) => Promise<PullpassRun>
  /** Runs a script with `sh`, which finds the program, and additional variables; does not throw on a non-zero exit code. */
  readonly sh: (script: string, variables?: Readonly<Record<string, string>>) => Promise<ProgramRun>
  /** The same on a terminal, with yes as the response to each prompt. */
  readonly shAtTerminal: (script: string) => Promise<ProgramRun>
  /** Returns stdout. @throws unless it exits with 0 */
  readonly succeed: (script: string) => Promise<string>
  /** A request as the cluster's admin. @throws unless it succeeds */
  readonly admin: (request: KubernetesRequest) => Promise<string>
}

export const bucket = 'real-cluster'
export const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'

/** @throws AbsentPart where a program does not exist. */
export const startDoctorSetup = (): Promise<DoctorSetup> =>
  startPart('doctor', async ({ folder, use, defer }) => {
    findInstalledProgram('kubectl', 'kubernetes-client')
    findInstalledProgram('script', 'bsdutils')
    const sandbox = await startSandbox()
    defer(sandbox.close)
    const webhooks = await startWebhooks()
    defer(webhooks.close)
    const issuer = `${sandbox.gcp.parts.storage.url}/${bucket}`
    sandbox.gcp.store.putBucket(bucket, { access: 'public' })
    const plane = await use(startControlPlane({ issuer, controllers: 'all' }))
    sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: issuer })

    const environment = await setUpShell(folder, sandbox, plane)
    const sh: DoctorSetup['sh'] = (script, variables = {}) =>
      runProgram('sh', ['-c', script], { environment: { ...environment, ...variables } })
    const succeed = (script: string) => runSuccessfully('sh', ['-ec', script], { environment })
    await succeed(`pullpass issuer publish --to gs://${bucket}`)
    const clock = createMovableClock(() => new Date())
    const inRealTime = { random: Math.random, sleep: sleepFor }
    return {
      sandbox,
      plane,
      webhooks,
      folder,
      pullpass: (argv, variables = {}) =>
        runPullpass({ environment: { ...environment, ...variables }, clock }, argv, inRealTime),
      sh,
      shAtTerminal: (script) =>
        runProgram('script', ['-qec', script, '/dev/null'], { environment, stdin: 'y\n'.repeat(20) }),
      succeed,
      admin: async (request) => (await requestAsAdmin(plane, request)).body,
    }
  })

const sleepFor = async (ms: number, signal: AbortSignal): Promise<void> => await sleep(ms, undefined, { signal })

async function setUpShell(
  folder: string,
  sandbox: Sandbox,
  plane: ControlPlane,
): Promise<Readonly<Record<string, string>>> {
  const [bin, kubeconfig] = [join(folder, 'bin'), join(folder, 'kubeconfig')]
  await mkdir(bin)
  await writeFile(kubeconfig, plane.kubeconfig, { mode: 0o600 })
  await writePullpassProgram(bin)
  return {
    ...sandbox.environment,
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    KUBECONFIG: kubeconfig,
    NO_COLOR: '1',
  }
}
