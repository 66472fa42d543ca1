/** One process of a test run: runs the files that its parent sends, prints failures, and sends the result. */
import { AssertionError } from 'node:assert'
import asyncHooks from 'node:async_hooks'
import { on } from 'node:events'
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { EventData } from 'node:test'
import tls from 'node:tls'
import { inspect } from 'node:util'
import { ProcessState } from './process-state.ts'
import type { ProcessMessage, ProcessResult } from './run-processes.ts'
import { type Counts, countsOf, sumCounts } from './summary.ts'

// The test runner follows every promise to find the test of an error that nothing catches, which takes a tenth of the CPU
// time. Without it, an unhandled rejection still fails the run, as a late error, with its stack instead of its test.
const { createHook } = asyncHooks
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false })
const { run } = await import('node:test') // destructures async_hooks
process.on('unhandledRejection', (reason) => {
  process.stdout.write(`✖ a promise was rejected, and no test handles it: ${inspect(reason)}\n`)
})

// Tests are client and server of 9,000 handshakes, and the default key exchange, X25519MLKEM768, takes a tenth of each.
tls.DEFAULT_ECDH_CURVE = 'X25519'
process.env['NODE_TEST_WORKER_ID'] = '1' // as the test runner sets it
const state = new ProcessState()
const durationsMs: Record<string, number> = {}
const counts: Counts[] = []
let success = true
let parents = new Map<number, { readonly name: string; readonly parentId: number | undefined }>()

const sent = on(process, 'message')
process.send?.('next' satisfies ProcessMessage)
for await (const [{ file }] of sent) {
  if (file === undefined) break
  process.channel?.unref() // a run ends when nothing is left to wait for
  await runFile(file)
  process.channel?.ref()
  process.send?.('next' satisfies ProcessMessage)
}
end()

/** Files run one after the other in this process, each as a run of its own. */
async function runFile(file: string): Promise<void> {
  const startedMs = performance.now()
  const faults: string[] = []
  parents = new Map()
  const stream = run({ files: [resolve(file)], isolation: 'none' })
    .on('test:enqueue', ({ name, testId, parentId }) => parents.set(testId, { name, parentId }))
    .on('test:fail', (failure) => {
      if (!isConsequence(failure)) process.stdout.write(renderFailure(failure))
    })
    .on('test:pass', ({ name }) => {
      if (name === resolve(file)) faults.push(`${file} has no tests`)
    })
    .on('test:diagnostic', ({ message }) => {
      if (message.includes('generated asynchronous activity after the test ended')) faults.push(message)
    })
  for await (const { type, data } of stream) {
    if (type !== 'test:summary' || data.file !== undefined) continue
    const left = [...faults, ...state.differences(file)]
    for (const sentence of left) process.stdout.write(`✖ ${sentence}\n`)
    const counted = countsOf(data.counts)
    counts.push({ ...counted, failed: counted.failed + left.length })
    success &&= data.success && left.length === 0
  }
  durationsMs[file] = Math.round(performance.now() - startedMs)
}

function end(): void {
  const { user, system } = process.cpuUsage()
  const result: ProcessResult = {
    success,
    counts: sumCounts(counts),
    durationsMs,
    cpuMs: (user + system) / 1000 + childCpuMs(),
  }
  process.exitCode = success ? 0 : 1
  process.send?.(result, () => process.disconnect())
  setTimeout(failForOpenHandles, 10_000).unref()
}

/** User and system time of the processes that tests started and that ended. Only Linux reports it, as the fields 16 and 17. */
function childCpuMs(): number {
  if (process.platform !== 'linux') return 0
  const afterName = readFileSync('/proc/self/stat', 'utf8').split(') ')[1] ?? ''
  const [user = 0, system = 0] = afterName.split(' ').slice(13, 15).map(Number)
  return (user + system) * 10
}

/** A suite fails if one of its tests fails, which has been printed. */
function isConsequence({ details }: EventData.TestFail): boolean {
  return 'failureType' in details.error && details.error.failureType === 'subtestsFailed'
}

function renderFailure({ name, file = '', line, parentId, details }: EventData.TestFail): string {
  const path = [name]
  for (let at = parentOf(parentId); at !== undefined; at = parentOf(at.parentId)) path.unshift(at.name)
  const error = details.error.cause ?? details.error
  // The message of an AssertionError contains its values; inspect would print them again.
  const shown = error instanceof AssertionError ? (error.stack ?? error.message) : inspect(error)
  const lines = shown
    .split('\n')
    .filter((text) => !/^\s+at .*\(?node:(internal\/|async_hooks)/.test(text))
    .map((text) => `  ${text}`)
  return [`✖ ${relative('.', file)}:${line} › ${path.join(' › ')}`, ...lines, '', ''].join('\n')
}

function parentOf(testId: number | undefined) {
  return testId === undefined ? undefined : parents.get(testId)
}

function failForOpenHandles(): void {
  const open = process.getActiveResourcesInfo().join(' ')
  process.stdout.write(`✖ the tests are over, but the process does not end, because of ${open}\n`)
  process.exit(1)
}
