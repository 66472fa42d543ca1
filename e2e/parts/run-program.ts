/** Runs a program to its end and says how it ended; nothing is thrown for an exit code. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export interface ProgramRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function runProgram(
  command: string,
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ProgramRun> {
  const child = spawn(command, commandArguments, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode, stdout, stderr }
}

/** As runProgram, where anything but success is a fault of the test's own set-up. */
export async function runSuccessfully(command: string, commandArguments: readonly string[]): Promise<ProgramRun> {
  const run = await runProgram(command, commandArguments)
  if (run.exitCode !== 0) throw new Error(`${command} exited with ${run.exitCode}: ${run.stderr}`)
  return run
}
