/** Runs each list of test files in a process, prints failures immediately, and returns the results. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Durations } from './select-tests.ts'
import { type Counts, noCounts } from './summary.ts'

export interface ShardResult {
  readonly success: boolean
  readonly counts: Counts
  readonly durationsMs: Durations
  /** User and system time of the process and its child processes. */
  readonly cpuMs: number
}

const shardFile = fileURLToPath(new URL('./shard.ts', import.meta.url))
/** Compiled modules without their types: a process of pullpass from the sources takes 0.23 s of CPU instead of 0.58 s. */
export const compileCache: string = fileURLToPath(
  new URL('../../node_modules/.cache/pullpass/compiled', import.meta.url),
)
/** 64 MiB instead of 16 MiB: fewer collections, a tenth of the CPU time of a run. */
const youngGeneration = '--max-semi-space-size=64'
/** Maximum time between the last test and the exit of a process; longer means that a test left a handle open. */
const graceMs = 15_000

export function runShards(
  shards: readonly (readonly string[])[],
  print: (text: string) => void,
): Promise<readonly ShardResult[]> {
  return Promise.all(shards.map((files) => runShard(files, print)))
}

function runShard(files: readonly string[], print: (text: string) => void): Promise<ShardResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [youngGeneration, shardFile, ...files], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    })
    let result: ShardResult | undefined
    let overdue: NodeJS.Timeout | undefined
    child.stdout?.setEncoding('utf8').on('data', print)
    child.stderr?.setEncoding('utf8').on('data', print)
    child.on('message', (message) => {
      if (typeof message === 'string') result = JSON.parse(message)
      overdue = setTimeout(() => child.kill('SIGKILL'), graceMs)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(overdue)
      if (result !== undefined && code === 0) return resolve(result)
      const when = result === undefined ? 'before its tests were over' : 'though its tests passed'
      const ending = `a test process ended by ${signal ?? `exit code ${code}`}, ${when}`
      if (result === undefined || result.success) print(`✖ ${ending}; its files: ${files.join(' ')}\n`)
      resolve({ ...(result ?? emptyResult), success: false })
    })
  })
}

const emptyResult: ShardResult = {
  success: false,
  counts: noCounts,
  durationsMs: {},
  cpuMs: 0,
}
