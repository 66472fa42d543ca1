/**
 * Controllers in many namespaces: the first write of every Secret, what it costs when nothing happens, new namespaces, and a
 * start at which nothing is due.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../e2e/parts/process/free-port.ts'
import { waitUntil } from '../e2e/parts/process/wait-until.ts'
import { plainEnvironment, programFile, trustedCloudCa } from './candidates.ts'
import type { Log } from './fan-out.ts'
import { type Http2Server, sendAll } from './http2-loop.ts'
import type { BenchEnvironment } from './start-environment.ts'

export interface ControllerRow {
  readonly program: ControllerProgram['name']
  readonly namespaces: number
  /** From the start of the process until every Secret is written, the exchange included. */
  readonly firstWrite: { readonly wallMs: number; readonly cpuMs: number }
  /** From the start of the process until every Secret is known to be fresh, when nothing is due. */
  readonly restart: { readonly wallMs: number; readonly cpuMs: number }
  /** Resident, some seconds after the first write, and after the restart. */
  readonly residentMiB: { readonly written: number; readonly restarted: number }
  /** CPU time of an idle controller, as a part of one processor. */
  readonly idleLoad: number
  /** From the response to the creation of a namespace until a watch reports its Secret. Ascending. */
  readonly newNamespaceMs: readonly number[]
  /** From the first start to the end. */
  readonly exchanges: number
}

export interface ControllerProgram {
  readonly name: 'pullpass' | 'external-secrets'
  readonly secretName: string
  readonly words: (port: number) => readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** The number of fresh Secrets that its metrics report. */
  readonly freshCount: (metrics: string) => number
  /** So far. */
  readonly exchanges: () => number
}

/** V8 collects garbage for some seconds after work. */
const settleMs = 15_000
const idleMs = 10_000
const newNamespaces = 100
/** One is created in each interval. */
const intervalMs = 100
/** External Secrets takes minutes for the first write. */
const patienceMs = 1_200_000

export async function measureController(
  program: ControllerProgram,
  bench: BenchEnvironment,
  log: Log,
): Promise<ControllerRow> {
  const count = bench.namespaces.length
  const before = program.exchanges()
  log(`the controller of ${program.name}, ${count} namespaces`)
  const first = await startController(program)
  try {
    const firstWrite = await first.untilFresh(count)
    await sleep(settleMs)
    const written = await first.residentMiB()
    const idleLoad = await first.loadDuring(() => sleep(idleMs))
    const newNamespaceMs = await timeNewNamespaces(program, bench)
    await first.untilFresh(count + newNamespaces)
    await first.stop()
    const second = await startController(program)
    try {
      const restart = await second.untilFresh(count + newNamespaces)
      await sleep(settleMs)
      const residentMiB = { written, restarted: await second.residentMiB() }
      const exchanges = program.exchanges() - before
      return {
        program: program.name,
        namespaces: count,
        firstWrite,
        restart,
        residentMiB,
        idleLoad,
        newNamespaceMs,
        exchanges,
      }
    } finally {
      await second.stop()
    }
  } finally {
    await first.stop()
  }
}

/** With a document for all namespaces of the bench. */
export async function pullpassController(bench: BenchEnvironment): Promise<ControllerProgram> {
  const name = 'controlled'
  const file = join(bench.folder, 'controller.json')
  const { provider, variables, files } = bench
  const document = {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'ClusterPullSecret',
    metadata: { name },
    spec: {
      namespaces: { include: ['team-*'] },
      registries: [
        {
          name: 'google',
          hosts: ['europe-docker.pkg.dev'],
          gcp: { workloadIdentityProvider: provider, serviceAccountEmail: variables['SERVICE_ACCOUNT_EMAIL'] },
          tokenFile: files.subjectToken,
        },
      ],
    },
  }
  await writeFile(file, JSON.stringify(document))
  const { PULLPASS_GCP_STS_ENDPOINT = '', PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT = '' } = variables
  const argv = [process.execPath, programFile, 'controller', '-f', file, '--no-leader-election']
  return {
    name: 'pullpass',
    secretName: name,
    words: (port) => [...argv, '--health-listen', `127.0.0.1:${port}`],
    environment: {
      ...plainEnvironment(bench),
      ...trustedCloudCa(bench),
      PULLPASS_GCP_STS_ENDPOINT,
      PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT,
      KUBECONFIG: files.kubeconfig,
    },
    freshCount: (metrics) => Number(/^pullpass_controller_namespaces_fresh\{[^}]*\} (\d+)$/m.exec(metrics)?.[1]),
    exchanges: () => bench.clouds.google.sts.seen.length,
  }
}

interface Controller {
  readonly untilFresh: (count: number) => Promise<{ wallMs: number; cpuMs: number }>
  readonly residentMiB: () => Promise<number>
  readonly loadDuring: (wait: () => Promise<void>) => Promise<number>
  readonly stop: () => Promise<void>
}

async function startController({ words, environment, freshCount }: ControllerProgram): Promise<Controller> {
  const port = await freePort()
  const [command = '', ...argv] = words(port)
  const startedMs = performance.now()
  const child = spawn(command, argv, { env: { ...environment }, stdio: 'ignore' })
  const ended = new AbortController()
  child.once('exit', (code) => ended.abort(new Error(`${command} ended with exit code ${code}`)))
  const isFresh = async (count: number) => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    return freshCount(metrics) === count || undefined
  }
  return {
    async untilFresh(count) {
      await waitUntil(`${count} Secrets`, patienceMs, () => isFresh(count), ended.signal)
      return { wallMs: performance.now() - startedMs, cpuMs: await cpuMsOf(child) }
    },
    async residentMiB() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
    },
    async loadDuring(wait) {
      const [cpuMs, atMs] = [await cpuMsOf(child), performance.now()]
      await wait()
      return ((await cpuMsOf(child)) - cpuMs) / (performance.now() - atMs)
    },
    async stop() {
      if (ended.signal.aborted) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** User and system time, which Linux counts in hundredths of a second. */
async function cpuMsOf({ pid }: ChildProcess): Promise<number> {
  const [, afterName = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const [user = Number.NaN, system = Number.NaN] = afterName.split(' ').slice(11, 13).map(Number)
  return (user + system) * 10
}

/** One in each interval. Their Secrets are watched, so that waiting for them costs nothing. */
async function timeNewNamespaces(program: ControllerProgram, { admin }: BenchEnvironment): Promise<number[]> {
  const namespaces = Array.from({ length: newNamespaces }, (_, index) => `team-new-${index}`)
  const created = new Map<string, number>()
  const end = new AbortController()
  const appeared = recordSecrets(admin, { secretName: program.secretName, namespaces: new Set(namespaces) }, end.signal)
  try {
    for (const namespace of namespaces) {
      const next = sleep(intervalMs)
      const body = JSON.stringify({ metadata: { name: namespace } })
      await sendAll(admin, [{ method: 'POST', path: '/api/v1/namespaces', body }], 1)
      created.set(namespace, performance.now())
      await next
    }
    const times = await Promise.race([appeared, sleep(patienceMs, undefined, { ref: false })])
    if (times === undefined) throw new Error('a new namespace has no Secret')
    return namespaces
      .map((namespace) => Math.max(0, (times.get(namespace) ?? Number.NaN) - (created.get(namespace) ?? Number.NaN)))
      .toSorted((one, other) => one - other)
  } finally {
    end.abort()
  }
}

interface WatchEvent {
  readonly object: { readonly metadata: { readonly namespace?: string } }
}

/** When the Secret of each of these namespaces was reported first. */
async function recordSecrets(
  { server, authority, token }: Http2Server,
  { secretName, namespaces }: { readonly secretName: string; readonly namespaces: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const url = new URL(`/api/v1/secrets?watch=1&fieldSelector=metadata.name%3D${secretName}`, server)
  const headers = { authorization: `Bearer ${token}` }
  const sent = get(url, { headers, ca: authority, servername: 'kubernetes.default.svc', signal })
  const [response] = await once(sent, 'response')
  const times = new Map<string, number>()
  let rest = ''
  for await (const piece of response.setEncoding('utf8')) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { object }: WatchEvent = JSON.parse(line)
      const { namespace = '' } = object.metadata
      if (namespaces.has(namespace) && !times.has(namespace)) times.set(namespace, performance.now())
    }
    if (times.size === namespaces.size) break
  }
  return times
}
