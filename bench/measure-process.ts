/**
 * Runs a program to its end and says what it cost, its children included: bash's `time` knows milliseconds of CPU,
 * GNU time the largest resident set. Both stand outside of what they measure.
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
  /** All that it gets: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** A command that sets the scene and becomes the program: not measured. */
  readonly setup?: readonly string[]
}

const timed = 'TIMEFORMAT="%R %U %S"; { time "$@" 2>&3; } 3>&2 2>"$BENCH_TIMES"'

/** Rejects with what it printed unless it exits with 0. */
export async function measureProcess({ words, environment, setup = [] }: Program): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-bench-figures-'))
  const [memoryFile, timesFile] = [join(folder, 'memory'), join(folder, 'times')]
  try {
    await runToEnd(
      [findInstalledProgram('time', 'time'), '-f', '%M', '-o', memoryFile, ...setup, 'bash', '-c', timed, 'bash'],
      words,
      { ...environment, BENCH_TIMES: timesFile },
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
