#!/usr/bin/env node
/**
 * Runs the tests with real components, two files at a time: most of their time is waiting. Files that start a kubelet run
 * one after the other, since a machine is one node only.
 *
 *     node tools/test-real.ts [FILE]...
 *       --kubernetes oldest|newest    absent: oldest. newest: only the files that depend on the version of Kubernetes
 *
 * With PULLPASS_REAL_PARTS=required a component that is absent fails instead of being skipped.
 */
import { globSync, readFileSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

/** The longest ones, which begin first. */
const longest = ['guides', 'doctor', 'gcloud', 'issuer-replicas', 'kubernetes-contract', 'issuer-authorities']
/** The contract, the installations, and the attacks on their admission policies. */
const versioned = [
  'kubernetes-contract',
  'install',
  'issuer-install',
  'issuer-revocations',
  'settings-policy',
  'root-ca-policy',
  'node-pull',
]

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { kubernetes: { type: 'string', default: 'oldest' } },
})
if (flags.kubernetes !== 'oldest' && flags.kubernetes !== 'newest')
  throw new Error(`--kubernetes is oldest or newest, not "${flags.kubernetes}"`)

const all = globSync('e2e/**/*.test.ts').map((file) => file.replaceAll('\\', '/'))
const selected = positionals.length > 0 ? positionals : flags.kubernetes === 'newest' ? versioned.map(fileOf) : all
const files = selected.toSorted((one, other) => rank(one) - rank(other) || one.localeCompare(other))
const nodeFiles = files.filter((file) => /\bstartNode\b/.test(readFileSync(file, 'utf8')))

process.env['PULLPASS_KUBERNETES'] = flags.kubernetes
const runs = [
  { files: files.filter((file) => !nodeFiles.includes(file)), concurrency: 2 },
  { files: nodeFiles, concurrency: 1 },
]
for (const { files: some, concurrency } of runs) {
  if (some.length === 0) continue
  const stream = run({ files: some, concurrency }).on('test:fail', () => {
    process.exitCode = 1
  })
  for await (const text of stream.compose(new spec())) process.stdout.write(text)
}

function fileOf(name: string): string {
  return `e2e/${name}.test.ts`
}

function rank(file: string): number {
  const position = longest.findIndex((name) => fileOf(name) === file)
  return position === -1 ? longest.length : position
}
