#!/usr/bin/env node
/**
 * Runs the tests that need only Node, in a few processes that each run many test files (`isolation: 'none'`; a process
 * per file takes 0.6 s of CPU), and prints failures and a summary.
 *
 *     node tools/test.ts [FILE | FOLDER]...      all tests, or those of files and folders
 *       --matrix                                 only the full matrices, *.matrix.test.ts
 *       --affected [--since REF]                 only those that a change can affect, the closest first
 *       --order sorted|reversed|shuffled [--seed N]   absent: the longest files first
 *       --processes N                            absent: 3, because tests also wait
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { affectedTests } from './test/affected-tests.ts'
import { type ProcessResult, runProcesses } from './test/run-processes.ts'
import { type Durations, listTests, orderTests } from './test/select-tests.ts'
import { printCounts } from './test/summary.ts'

const durationsFile = 'node_modules/.cache/pullpass/test-durations.json'
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    matrix: { type: 'boolean', default: false },
    affected: { type: 'boolean', default: false },
    since: { type: 'string' },
    order: { type: 'string', default: 'longest' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    processes: { type: 'string', default: '3' },
  },
})

const durations = readDurations()
const known = listTests(positionals, flags.matrix ? 'matrix' : 'tests')
const files = flags.affected ? await selectAffected(known) : known
if (files.length === 0 && !flags.affected) {
  console.error(`No test file matches ${positionals.join(' ') || 'test/**'}`)
  process.exitCode = 1
} else if (files.length > 0) {
  if (flags.order === 'shuffled') console.log(`Order: shuffled, --seed ${flags.seed}`)
  const ordered = orderTests(files, flags.order, { seed: Number(flags.seed), durations })
  const startedAt = performance.now()
  const results = await runProcesses(ordered, Number(flags.processes), (text) => process.stdout.write(text))
  writeDurations({ ...durations, ...Object.assign({}, ...results.map((result) => result.durationsMs)) })
  process.exitCode = summarize(results, performance.now() - startedAt)
}

/** At most as many as run in about 8 s, by the last duration of each file. */
async function selectAffected(tests: readonly string[]): Promise<string[]> {
  const budgetMs = 8000 * Number(flags.processes)
  const { selected, remaining, changed } = affectedTests(tests, { since: flags.since, durations, budgetMs })
  if (changed.length === 0) console.log('No file has changed')
  else console.log(`Affected by ${changed.length} changed files: ${selected.length} test files`)
  if (remaining.length > 0) console.log(`${remaining.length} more distant test files run only with npm test`)
  return selected
}

function summarize(results: readonly ProcessResult[], durationMs: number): 0 | 1 {
  printCounts(results.map(({ counts }) => counts))
  console.log(`ℹ duration_ms ${Math.round(durationMs)}`)
  console.log(`ℹ cpu_ms ${Math.round(results.reduce((total, { cpuMs }) => total + cpuMs, 0))}`)
  return results.every(({ success }) => success) ? 0 : 1
}

function readDurations(): Durations {
  try {
    return JSON.parse(readFileSync(durationsFile, 'utf8'))
  } catch {
    return {} // first run: files are split by size
  }
}

function writeDurations(found: Durations): void {
  mkdirSync(dirname(durationsFile), { recursive: true })
  writeFileSync(durationsFile, JSON.stringify(found))
}
