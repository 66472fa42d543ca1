/** The summary of `node --test`, for tools that parse it. */

const names = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const
const printedNames: Readonly<Record<string, string>> = { passed: 'pass', failed: 'fail' }

export type Counts = Readonly<Record<(typeof names)[number], number>>

/** Of a process that ended before its tests were over. */
export const noCounts: Counts = { tests: 0, suites: 0, passed: 0, failed: 1, cancelled: 0, skipped: 0, todo: 0 }

export function sumCounts(counts: readonly Counts[]): Counts {
  const sum = { ...noCounts, failed: 0 }
  for (const one of counts) for (const name of names) sum[name] += one[name]
  return sum
}

export function printCounts(counts: readonly Counts[]): void {
  const sum = sumCounts(counts)
  for (const name of names) console.log(`ℹ ${printedNames[name] ?? name} ${sum[name]}`)
}

/** `reported`: without `failed`. */
export function countsOf(reported: Omit<Counts, 'failed'>): Counts {
  const { tests, suites, passed, cancelled, skipped, todo } = reported
  return { tests, suites, passed, failed: tests - passed - cancelled - skipped - todo, cancelled, skipped, todo }
}
