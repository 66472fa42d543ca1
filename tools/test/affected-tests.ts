/** Test files that a change can affect, by imports and by paths in tests. */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import type { Durations } from './select-tests.ts'

export interface AffectedOptions {
  /** A commit; absent: the merge base with main. Uncommitted changes are always included. */
  readonly since: string | undefined
  readonly durations: Durations
  readonly budgetMs: number
}

export interface Affected {
  readonly changed: readonly string[]
  /** The closest ones within the budget; at least one. */
  readonly selected: string[]
  readonly remaining: readonly string[]
}

export function affectedTests(tests: readonly string[], { since, durations, budgetMs }: AffectedOptions): Affected {
  const changed = changedFiles(since ?? branchPoint())
  const distances = distancesFrom(changed)
  const areas = new Set(changed.flatMap((file) => file.split('/').slice(1, -1)))
  const areaDistance = (file: string) => (file.split('/').some((folder) => areas.has(folder)) ? 0 : 1)
  const rank = (file: string) => (distances.get(file) ?? Infinity) + areaDistance(file)
  const near = tests.filter((file) => distances.has(file)).toSorted((one, other) => rank(one) - rank(other))
  let spentMs = 0
  const fits = near.filter((file, position) => {
    spentMs += (durations[file] ?? 200) + 20
    return position === 0 || spentMs <= budgetMs
  })
  return { changed, selected: fits.toSorted(), remaining: near.filter((file) => !fits.includes(file)) }
}

function git(...words: string[]): string[] {
  return execFileSync('git', words, { encoding: 'utf8' }).split('\n').filter(Boolean)
}

function branchPoint(): string {
  return git('merge-base', 'HEAD', 'main')[0] ?? 'HEAD'
}

const changedFiles = (since: string) => [
  ...new Set([...git('diff', '--name-only', since), ...git('ls-files', '--others', '--exclude-standard')]),
]

/** Import distance from a changed file to each file that loads it. A lazy import counts more: it can reach most of src/. */
function distancesFrom(changed: readonly string[]): ReadonlyMap<string, number> {
  const importers = new Map<string, { readonly file: string; readonly steps: number }[]>()
  const files = globSync('{src,sandbox,test,tools,bench,e2e}/**/*.{ts,mjs}').map((file) => file.replaceAll('\\', '/'))
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const { target, steps } of [...importsOf(file, text), ...pathsNamedIn(text, changed)])
      importers.set(target, [...(importers.get(target) ?? []), { file, steps }])
  }
  const distances = new Map(changed.map((file) => [file, 0]))
  const queue = [...changed]
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const importer of importers.get(file) ?? []) {
      const distance = (distances.get(file) ?? 0) + importer.steps
      if (distance >= (distances.get(importer.file) ?? Infinity)) continue
      distances.set(importer.file, distance)
      queue.push(importer.file)
    }
  }
  return distances
}

function importsOf(file: string, text: string) {
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*(\(?)\s*'(\.[^']+)'/g)
  return [...found].map(([, lazy, path = '']) => ({ target: join(file, '..', path), steps: lazy ? 4 : 1 }))
}

/** `docs/errors.md`, `deploy`, `package.json`: paths or folders of files that a test reads. */
function pathsNamedIn(text: string, changed: readonly string[]) {
  const strings = new Set([...text.matchAll(/['"`/](\w[\w./{},*-]*)/g)].map(([, string = '']) => string))
  const named = (file: string) => {
    const top = file.split('/')[0] ?? file
    return [...strings].some((string) => string === file || (file.endsWith('.ts') ? false : string.startsWith(top)))
  }
  return changed.filter(named).map((target) => ({ target, steps: 1 }))
}
