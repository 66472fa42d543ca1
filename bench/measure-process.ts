/**
 * Runs a program and measures its cost, including child processes: bash's `time` has a resolution of milliseconds of CPU,
 * GNU time reports the largest resident set. Neither is part of the measurement.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { findInstalledProgram } from '../e2e/parts/process/find-program.ts'
import type { Cost } from './cost.ts'

export interface Program {
  /** Command and arguments. */
  readonly words: readonly string[]
  /** The complete environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** Path of the file that is its standard input; absent: empty. */
  readonly input?: string
  /** A command that prepares the environment and execs the program; not measured. */
  readonly setup?: readonly string[]
}

const timed = 'TIMEFORMAT="%R %U %S"; { time "$@" <"$BENCH_INPUT" 2>&3; } 3>&2 2>"$BENCH_TIMES"'

/** Rejects with its output unless it exits with 0. */
export async function measureProcess({ words, environment, input = '/dev/null', setup = [] }: Program): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-bench-figures-'))
  const [memoryFile, timesFile] = [join(folder, 'memory'), join(folder, 'times')]
  try {
    await runToEnd(
      [findInstalledProgram('time', 'time'), '-f', '%M', '-o', memoryFile, ...setup, 'bash', '-c', timed, 'bash'],
      words,
      { ...environment, BENCH_TIMES: timesFile, BENCH_INPUT: input },
    )
    const [real = 0, user = 0, system = 0] = (await readFile(timesFile, 'utf8')).split(' ').map(Number)
    const peakMiB = Number(await readFile(memoryFile, 'utf8')) / 1024
    return { wallMs: real * 1000, cpuMs: (user + system) * 1000, peakMiB }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function runToEnd(
  [command = '', ...wrapper]: readonly string[],
  words: readonly string[],
  env: Program['environment'],
): Promise<void> {
  const child = spawn(command, [...wrapper, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  if (exitCode !== 0) throw new Error(`${words.join(' ')} exited with ${exitCode}: ${output.slice(-2000)}${errors}`)
}
