/** Selects test files, their order and their process. */
import { globSync, readFileSync } from 'node:fs'

/** The duration of each test file in an earlier run. Milliseconds. */
export type Durations = Readonly<Record<string, number>>

const isMatrix = (file: string) => file.endsWith('.matrix.test.ts')

/** `patterns`: files, folders and globs; none: all of test/. Explicit files are included, matrix or not. */
export function listTests(patterns: readonly string[], kind: 'tests' | 'matrix'): string[] {
  const named = patterns.filter((pattern) => pattern.endsWith('.test.ts'))
  const folders = patterns.filter((pattern) => !pattern.endsWith('.test.ts')).map((folder) => `${folder}/**/*.test.ts`)
  const found = globSync(patterns.length === 0 ? ['test/**/*.test.ts'] : folders).map(toPosix)
  const selected = found.filter((file) => isMatrix(file) === (kind === 'matrix'))
  return [...new Set([...selected, ...globSync(named).map(toPosix)])].toSorted()
}

/** Files that take much longer than their size suggests: they start first, also where no duration is known. @internal */
export const longFiles: readonly string[] = [
  'test/sandbox/kubernetes/contract.test.ts',
  'test/doctor/faults.test.ts',
  'test/commands/run/hard-deadline.test.ts',
  'test/vendors/federated/refresh.test.ts',
  'test/controller/faults/random.matrix.test.ts',
  'test/doctor/faults.matrix.test.ts',
  'test/controller/faults/week.matrix.test.ts',
  'test/controller/tenants/isolation.matrix.test.ts',
]

/** Tests must not depend on their order. `longest`: first, by the last duration, so that the processes end together. */
export function orderTests(
  files: readonly string[],
  order: string,
  { seed, durations }: { readonly seed: number; readonly durations: Durations },
): readonly string[] {
  if (order === 'longest') {
    const weigh = (file: string) =>
      durations[file] ?? (longFiles.includes(file) ? 10_000 : readFileSync(file).length / 50)
    return sortBy(files, (file) => -weigh(file))
  }
  if (order === 'sorted') return files
  if (order === 'reversed') return files.toReversed()
  if (order !== 'shuffled') throw new Error(`--order is longest, sorted, reversed or shuffled, not "${order}"`)
  const random = pseudoRandom(seed)
  return sortBy(files, random)
}

/** By the key of each file, which is computed once. */
const sortBy = (files: readonly string[], keyOf: (file: string) => number): string[] =>
  files
    .map((file) => ({ file, key: keyOf(file) }))
    .toSorted((one, other) => one.key - other.key)
    .map(({ file }) => file)

const toPosix = (path: string) => path.replaceAll('\\', '/')

/** Mulberry32, by Tommy Ettinger (public domain): deterministic for a seed. */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
