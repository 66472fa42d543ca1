/** Replicas of an installed controller as processes, with the arguments and variables of their container. */
import assert from 'node:assert/strict'
import type { PullpassProcess } from '../../test/support/spawn-pullpass.ts'
import { spawnProgram } from '../parts/process/pullpass-program.ts'
import type { Installation } from './install.ts'

export interface ControllerRun {
  /** 1: the log has an error or a warning. */
  readonly exitCode: 0 | 1
  readonly stderr: string
}

/** Without a Pod, the Lease is an argument, and the ports of its endpoints are any free ones. */
export function startInstalledController({ container }: Installation, namespace: string): PullpassProcess {
  const args = container.args.map((arg) => arg.replace(/^(--(?:health|status)-listen)=.*/, '$1=0'))
  const lease = `--lease=${namespace}/pullpass-controller`
  return spawnProgram([...args, lease], { ...container.environment, HOSTNAME: 'pullpass-controller-0' })
}

/** Fails if it does not end with exit code 0, or its log has an error or a warning. */
export async function stopWithoutProblems({ child, ended }: PullpassProcess): Promise<void> {
  child.kill('SIGTERM')
  const { exitCode, stderr } = await ended
  assert.equal(exitCode, 0)
  assert.doesNotMatch(stderr, / (?:error|warn) /)
}

/** Runs until its log contains `reports`, or for `limitMs`. */
export async function runInstalledController(
  installation: Installation,
  namespace: string,
  { reports, limitMs }: { readonly reports: RegExp; readonly limitMs: number },
): Promise<ControllerRun> {
  const { child, ended } = startInstalledController(installation, namespace)
  let text = ''
  const reported = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, limitMs)
    child.stderr?.on('data', (more: string) => {
      text += more
      if (!reports.test(text)) return
      clearTimeout(timer)
      resolve()
    })
    child.once('close', () => resolve())
  })
  await reported
  child.kill('SIGTERM')
  const { stderr } = await ended
  // Fields of a log line are quoted as JSON.
  return { exitCode: / (?:error|warn) /.test(stderr) ? 1 : 0, stderr: stderr.replaceAll('\\"', '"') }
}
