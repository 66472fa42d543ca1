/** Runs a program to its end and says how it ended. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { text } from 'node:stream/consumers'

export interface ProgramRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What it gets beside its arguments: variables on top of ours, all of its stdin, and its time. */
export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly timeoutMs?: number
}

/** Whatever the exit code: it is the caller's to judge. */
export async function runProgram(
  command: string,
  commandArguments: readonly string[],
  { environment, stdin = '', timeoutMs = 60_000 }: ProgramOptions = {},
): Promise<ProgramRun> {
  const child = spawn(command, commandArguments, { env: { ...process.env, ...environment }, timeout: timeoutMs })
  child.stdin.on('error', () => {}) // EPIPE: it ended without reading, which its exit code judges
  child.stdin.end(stdin)
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode, stdout, stderr }
}

/** For the steps that a test stands on: what it prints, and a fault unless it exits with 0. */
export async function runSuccessfully(
  command: string,
  commandArguments: readonly string[],
  surroundings?: ProgramOptions,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runProgram(command, commandArguments, surroundings)
  if (exitCode !== 0) throw new Error(`${basename(command)} exited with ${exitCode}: ${stderr}`)
  return stdout
}
