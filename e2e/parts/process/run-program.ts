/** Runs a program until it exits. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'

export interface ProgramRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Variables in addition to those of this process, the whole stdin, and a timeout. */
export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly timeoutMs?: number
}

/** Does not throw on a non-zero exit code: the caller evaluates it. */
export async function runProgram(
  command: string,
  commandArguments: readonly string[],
  { environment, stdin = '', timeoutMs = 60_000 }: ProgramOptions = {},
): Promise<ProgramRun> {
  const child = spawn(command, commandArguments, { env: { ...process.env, ...environment }, timeout: timeoutMs })
  child.stdin.on('error', () => {}) // EPIPE: it exited without reading; the caller evaluates its exit code
  child.stdin.end(stdin)
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode, stdout, stderr }
}

/** For setup steps of a test: returns stdout. @throws unless it exits with 0 */
export async function runSuccessfully(
  command: string,
  commandArguments: readonly string[],
  options?: ProgramOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(command, commandArguments, options)
  if (exitCode !== 0) throw new Error(`${basename(command)} exited with ${exitCode}: ${stderr}`)
  return stdout
}
