#!/usr/bin/env node
/**
 * Runs the tests with real components, three files at a time, because they mostly wait. Files that start a kubelet run
 * one after the other, because a machine can be only one node.
 *
 *     node tools/test-real.ts [FILE]...
 *       --kubernetes oldest|newest    absent: oldest. newest: only files that depend on the Kubernetes version
 *
 * With PULLPASS_REAL_PARTS=required an absent component is a failure instead of a skip.
 */
import { globSync, readFileSync } from 'node:fs'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { compileCache } from './test/run-shards.ts'

/** The longest ones, which start first. */
const longest = ['guides', 'doctor', 'gcloud', 'issuer-replicas', 'kubernetes-contract', 'issuer-authorities']
/** The contract, the installations, and tests of admission policies. */
const versioned = [
  'kubernetes-contract',
  'install',
  'issuer-install',
  'issuer-revocations',
  'settings-policy',
  'root-ca-policy',
  'node-pull',
  'credential-provider',
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
process.env['NODE_COMPILE_CACHE'] = compileCache
const runs = [
  { files: files.filter((file) => !nodeFiles.includes(file)), concurrency: 3 },
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
