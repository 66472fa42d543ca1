/** pullpass as a process, by default from the sources, for tests of signals and pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PullpassRun } from './run-pullpass.ts'

const { NODE_COMPILE_CACHE: cacheFolder } = process.env
const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

export interface PullpassProcess {
  readonly child: ChildProcess
  readonly ended: Promise<PullpassRun>
}

/** The cache of compiled modules, if the test runner has one. */
export const compileCache: Readonly<Record<string, string>> = {
  ...(cacheFolder && { NODE_COMPILE_CACHE: cacheFolder }),
}

export interface SpawnOptions {
  readonly stdin?: 'ignore' | 'pipe'
  /** An open file instead of a pipe. */
  readonly stdout?: 'pipe' | number
  readonly stderr?: 'pipe' | number
  /** Of node. */
  readonly execArgv?: readonly string[]
  /** Absent: the sources. */
  readonly program?: string
}

/** Inherits no environment variables, besides `environment`, except `compileCache`. */
export function spawnPullpass(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  { stdin = 'ignore', stdout = 'pipe', stderr = 'pipe', execArgv = [], program = cli }: SpawnOptions = {},
): PullpassProcess {
  const child = spawn(process.execPath, [...execArgv, program, ...argv], {
    env: { ...compileCache, ...environment },
    stdio: [stdin, stdout, stderr],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  const ended = new Promise<PullpassRun>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ exitCode: code ?? -1, ...output }))
  })
  return { child, ended }
}
