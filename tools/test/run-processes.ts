/** Runs test files in several processes, each of which takes the next file when it has ended one; prints failures immediately. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Durations } from './select-tests.ts'
import { type Counts, noCounts } from './summary.ts'

export interface ProcessResult {
  readonly success: boolean
  readonly counts: Counts
  readonly durationsMs: Durations
  /** User and system time of the process and its child processes. */
  readonly cpuMs: number
}

/** From a test process: it takes the next file, or its files are run. */
export type ProcessMessage = 'next' | ProcessResult

const processFile = fileURLToPath(new URL('./test-process.ts', import.meta.url))
/** Compiled modules without their types: a process of pullpass from the sources takes 0.23 s of CPU instead of 0.58 s. */
export const compileCache: string = fileURLToPath(
  new URL('../../node_modules/.cache/pullpass/compiled', import.meta.url),
)
/** 64 MiB instead of 16 MiB: fewer collections, a tenth of the CPU time of a run. */
const youngGeneration = '--max-semi-space-size=64'
/** Maximum time between the last test and the exit of a process; longer means that a test left a handle open. */
const graceMs = 15_000

export function runProcesses(
  files: readonly string[],
  count: number,
  print: (text: string) => void,
): Promise<readonly ProcessResult[]> {
  const queue = files.values() // shared: each process takes the next
  const processes = Math.max(1, Math.min(count, files.length))
  return Promise.all(Array.from({ length: processes }, () => runProcess(queue, print)))
}

function runProcess(queue: Iterator<string>, print: (text: string) => void): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [youngGeneration, processFile], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    })
    const taken: string[] = []
    let result: ProcessResult | undefined
    let overdue: NodeJS.Timeout | undefined
    child.stdout?.setEncoding('utf8').on('data', print)
    child.stderr?.setEncoding('utf8').on('data', print)
    child.on('message', (message: ProcessMessage) => {
      if (message === 'next') {
        taken.push(...giveNext(child, queue))
        return
      }
      result = message
      overdue = setTimeout(() => child.kill('SIGKILL'), graceMs)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(overdue)
      if (result !== undefined && code === 0) return resolve(result)
      const when = result === undefined ? 'before its tests were over' : 'though its tests passed'
      const ending = `a test process ended by ${signal ?? `exit code ${code}`}, ${when}`
      if (result === undefined || result.success) print(`✖ ${ending}; its files, in their order: ${taken.join(' ')}\n`)
      resolve({ ...(result ?? emptyResult), success: false })
    })
  })
}

/** `end` without a further file. */
function giveNext(child: ChildProcess, queue: Iterator<string>): string[] {
  const { value, done } = queue.next()
  child.send(done === true ? { end: true } : { file: value }, () => {}) // a process that ended is reported when it closes
  return done === true ? [] : [value]
}

const emptyResult: ProcessResult = {
  success: false,
  counts: noCounts,
  durationsMs: {},
  cpuMs: 0,
}
