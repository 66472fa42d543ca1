#!/usr/bin/env node
/**
 * Builds the package and runs the tests with real components on the oldest Kubernetes version that the docs list as supported; those
 * that depend on the version on the newest one too, and kubelets mostly on the newest. On two cores five files run at a time: three
 * that compute, and two that mostly wait. Files that start a kubelet run one after the other, because a machine can be only one node.
 *
 *     node tools/test-real.ts [FILE]...
 *       --kubernetes oldest|newest    absent: both
 *
 * With PULLPASS_REAL_PARTS=required an absent component is a failure instead of a skip.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { compileCache } from './test/run-processes.ts'
import { type Counts, countsOf, noCounts, printCounts } from './test/summary.ts'

/** Those that wait for timers and for controllers, with less than a fifth of one CPU; the longest first. */
const waiting = [
  'controller/controller-resources',
  'kubernetes-contract',
  'issuer/issuer-replicas',
  'controller/controller-install-resources',
  'issuer/issuer-authorities',
]
/** The longest of the others, which start first. */
const longest = ['guides', 'doctor', 'issuer/issuer-rotation', 'controller/controller-faults', 'install-methods']
/** What depends on the version runs on both. Everything else, which is our code and clients of clouds and registries, on the oldest. */
const both = [
  // What all other tests assume of the API server.
  'kubernetes-contract',
  // Installations: the objects of each are admitted, and its permissions suffice and are needed.
  'install',
  'issuer/issuer-install',
  'controller/controller-install',
  // Attacks: the policies of each are enforced.
  'issuer/issuer-revocations',
  'settings-policy',
  'root-ca-policy',
  'controller/tenants',
  // Rules of the definitions, which the API server evaluates.
  'custom-resources',
  // Kubelets support it since the oldest version.
  'credential-provider',
]
/** The kubelet at the newest version: how it pulls, and the texts of its failures. */
const onlyNewest = ['node-pull', 'doctor-node']

interface Job {
  readonly file: string
  readonly kubernetes: 'oldest' | 'newest'
}

interface Result {
  readonly success: boolean
  readonly counts: Counts
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { kubernetes: { type: 'string' } },
})
const versions = (['oldest', 'newest'] as const).filter((one) => (flags.kubernetes ?? one) === one)
if (versions.length === 0) throw new Error(`--kubernetes is oldest or newest, not "${flags.kubernetes}"`)

execFileSync(process.execPath, ['tools/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] })
const startedAt = performance.now()
const jobs = versions.flatMap(jobsOf).toSorted((one, other) => rank(one) - rank(other))
const nodeJobs = jobs.filter(({ file }) => /\bstartNode\b/.test(readFileSync(file, 'utf8')))
const waitingJobs = jobs.filter(({ file }) => waiting.map(fileOf).includes(file))
const otherJobs = jobs.filter((job) => !nodeJobs.includes(job) && !waitingJobs.includes(job))
const results = await Promise.all([
  work(nodeJobs, waitingJobs, otherJobs),
  work(waitingJobs, otherJobs),
  ...Array.from({ length: 3 }, () => work(otherJobs, waitingJobs)),
])
printCounts(results.flat().map(({ counts }) => counts))
console.log(`ℹ duration_ms ${Math.round(performance.now() - startedAt)}`)
if (!results.flat().every(({ success }) => success)) process.exitCode = 1

function jobsOf(kubernetes: Job['kubernetes']): Job[] {
  const all = globSync('e2e/**/*.test.ts').map((file) => file.replaceAll('\\', '/'))
  const newest = [...both, ...onlyNewest].map(fileOf)
  const oldest = all.filter((file) => !onlyNewest.map(fileOf).includes(file))
  const ofVersion = { oldest, newest }[kubernetes]
  // A named file runs on the named version, also if it does not depend on it.
  const named = flags.kubernetes ? positionals : positionals.filter((file) => ofVersion.includes(file))
  return (positionals.length > 0 ? named : ofVersion).toSorted().map((file) => ({ file, kubernetes }))
}

function fileOf(name: string): string {
  const file = `e2e/${name}.test.ts`
  if (!existsSync(file)) throw new Error(`${file} does not exist`)
  return file
}

function rank({ file }: Job): number {
  const first = [...waiting, ...longest]
  const position = first.findIndex((name) => fileOf(name) === file)
  return position === -1 ? first.length : position
}

/** Takes jobs from the front of the first queue that has one. */
async function work(...queues: readonly Job[][]): Promise<readonly Result[]> {
  const done: Result[] = []
  for (let job = take(queues); job !== undefined; job = take(queues)) done.push(await runFile(job))
  return done
}

function take(queues: readonly Job[][]): Job | undefined {
  return queues.find(({ length }) => length > 0)?.shift()
}

/** Prints what it did when it has ended, so that files that run at the same time do not mix. */
async function runFile({ file, kubernetes }: Job): Promise<Result> {
  const env = { ...process.env, PULLPASS_KUBERNETES: kubernetes, NODE_COMPILE_CACHE: compileCache }
  let result: Result = { success: false, counts: noCounts }
  let seconds = 0
  const events = async function* () {
    for await (const event of run({ files: [file], env })) {
      if (event.type === 'test:summary' && event.data.file === undefined) {
        const { counts, success, duration_ms: durationMs } = event.data
        result = { success, counts: countsOf(counts) }
        seconds = Math.round(durationMs / 1000)
      }
      const isTotal = event.type === 'test:diagnostic' && event.data.nesting === 0
      if (!isTotal) yield event
    }
  }
  let text = ''
  for await (const piece of Readable.from(events()).compose(new spec())) text += String(piece)
  console.log(`\n${file}, on the ${kubernetes} Kubernetes version, in ${seconds} s:\n${text.trimEnd()}`)
  return result
}
