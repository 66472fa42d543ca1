/** One process of a test run: loads its test files, prints failures, and sends the result to its parent. */
import { AssertionError } from 'node:assert'
import asyncHooks from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { EventData } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import type { ShardResult } from './run-shards.ts'
import { countsOf } from './summary.ts'

// The test runner follows every promise to find the test of an error that nothing catches, which takes a tenth of the CPU
// time. Without it, an unhandled rejection still fails the run, as a late error, with its stack instead of its test.
const { createHook } = asyncHooks
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false })
const { run } = await import('node:test') // destructures async_hooks
process.on('unhandledRejection', (reason) => {
  process.stdout.write(`✖ a promise was rejected, and no test handles it: ${inspect(reason)}\n`)
})

const files = process.argv.slice(2)
const durationsMs: Record<string, number> = {}
let uncounted = 0
const lateErrors: string[] = []
const parents = new Map<number, { readonly name: string; readonly parentId: number | undefined }>()

// Loaded like a test file, because its hook must be registered in the same run.
const stateFile = fileURLToPath(new URL('./process-state.ts', import.meta.url))
const stream = run({ files: [stateFile, ...files], isolation: 'none' })
  .on('test:enqueue', ({ name, testId, parentId }) => parents.set(testId, { name, parentId }))
  .on('test:pass', (passed) => {
    addDuration(passed)
    if (passed.name === stateFile) uncounted = 1 // a file without tests counts as a passed test
  })
  .on('test:fail', (failure) => {
    addDuration(failure)
    if (!isConsequence(failure)) process.stdout.write(renderFailure(failure))
  })
  .on('test:diagnostic', ({ message }) => {
    if (message.includes('generated asynchronous activity after the test ended')) lateErrors.push(message)
  })
for await (const { type, data } of stream) if (type === 'test:summary' && data.file === undefined) await end(data)

async function end({ counts, success }: EventData.TestSummary): Promise<void> {
  const { differences } = await import('./process-state.ts')
  const left = [...lateErrors, ...differences()]
  for (const sentence of left) process.stdout.write(`✖ ${sentence}\n`)
  const counted = countsOf({ ...counts, tests: counts.tests - uncounted, passed: counts.passed - uncounted })
  const { user, system } = process.cpuUsage()
  const result: ShardResult = {
    success: success && left.length === 0,
    counts: { ...counted, failed: counted.failed + left.length },
    durationsMs,
    cpuMs: (user + system) / 1000 + childCpuMs(),
  }
  process.exitCode = result.success ? 0 : 1
  process.send?.(JSON.stringify(result), () => process.disconnect())
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

function addDuration({ nesting, file, details }: EventData.TestFail | EventData.TestPass): void {
  if (nesting !== 0 || file === undefined) return
  const name = relative('.', file).replaceAll('\\', '/')
  durationsMs[name] = Math.round((durationsMs[name] ?? 0) + details.duration_ms)
}

function failForOpenHandles(): void {
  const open = process.getActiveResourcesInfo().join(' ')
  process.stdout.write(`✖ the tests are over, but the process does not end, because of ${open}\n`)
  process.exit(1)
}
