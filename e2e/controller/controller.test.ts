/** The controller on a real API server, with exactly the permissions of docs/controller.md. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { type ControllerProcess, prepareController } from '../parts/start-controller.ts'
import { startFederatedCluster } from '../parts/start-federated-cluster.ts'

await withRealPart('a real control plane and Google', startFederatedCluster, (cluster) => {
  suite('pullpass controller, with the permissions of its page', () => {
    const { controlPlane, google } = cluster
    let folder: string
    let running: ControllerProcess
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pullpass-controller-'))
      const { start } = await prepareController(cluster, folder)
      running = await start('--lease', 'default/pullpass-controller')
    })
    after(async () => {
      running.child.kill('SIGKILL')
      await rm(folder, { recursive: true })
    })

    const createNamespace = async (name: string) =>
      await requestAsAdmin(controlPlane, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
    const secretPath = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/regcred`
    const hasSecret = async (namespace: string) =>
      (await requestKubernetes(controlPlane, { path: secretPath(namespace) })).status === 200
    /** Milliseconds until the Secret exists. */
    const timeToSecret = async (namespace: string): Promise<number> => {
      const startedMs = performance.now()
      while (!(await hasSecret(namespace))) {
        if (performance.now() - startedMs > 10_000) throw new Error(`no Secret in ${namespace} after 10 s`)
      }
      return performance.now() - startedMs
    }

    test('a new namespace gets its Secret within a second; a deleted one is restored within a second', async (t) => {
      await createNamespace('team-first')
      const first = await timeToSecret('team-first') // with the exchange
      const times: number[] = []
      for (let index = 0; index < 20; index++) {
        await createNamespace(`team-one-${index}`)
        times.push(await timeToSecret(`team-one-${index}`))
      }
      const restored: number[] = []
      for (let index = 0; index < 3; index++) {
        await requestAsAdmin(controlPlane, { method: 'DELETE', path: secretPath(`team-one-${index}`) })
        restored.push(await timeToSecret(`team-one-${index}`))
      }
      const inMs = (durations: readonly number[]) => {
        const sorted = durations.toSorted((one, other) => one - other).map(Math.round)
        return `p50 ${sorted[Math.floor(sorted.length / 2)]} ms, longest ${sorted.at(-1)} ms`
      }
      t.diagnostic(`first namespace, with the exchange: ${Math.round(first)} ms`)
      t.diagnostic(`20 further namespaces: ${inMs(times)}; 3 deleted Secrets: ${inMs(restored)}`)
      assert.ok(Math.max(...times) < 1_000 && Math.max(...restored) < 1_000)
    })

    test('200 namespaces cost one exchange', async (t) => {
      const names = Array.from({ length: 200 }, (_, index) => `team-many-${index}`)
      const startedMs = performance.now()
      await Promise.all(names.map(createNamespace))
      await waitUntil('200 Secrets', 60_000, async () => {
        const path = '/api/v1/secrets?fieldSelector=metadata.name%3Dregcred'
        const { items }: { items: unknown[] } = JSON.parse((await requestKubernetes(controlPlane, { path })).body)
        return items.length === 221 || undefined
      })
      t.diagnostic(
        `200 namespaces created and their Secrets written in ${Math.round(performance.now() - startedMs)} ms`,
      )
      assert.equal(google.exchanges(), 1)
      const [, memory] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${running.child.pid}/status`, 'utf8')) ?? []
      t.diagnostic(`memory with 221 namespaces: ${Math.round(Number(memory) / 1024)} MiB`)
      const metrics = await (await fetch(`${running.address}/metrics`)).text()
      assert.match(metrics, /^pullpass_controller_exchanges_total 1$/m)
      assert.doesNotMatch(metrics, /team-/)
    })

    test('ends with exit code 0 on SIGTERM, and leaves each Secret in place', async () => {
      running.child.kill('SIGTERM')
      const { exitCode, stderr } = await running.ended
      assert.equal(exitCode, 0, stderr)
      const problems = stderr.split('\n').filter((line) => / (error|warn) /.test(line))
      assert.deepEqual(
        problems.filter((line) => !/a pull secret was restored|a document selects no namespace/.test(line)),
        [],
      )
      assert.ok(await hasSecret('team-first'))
    })
  })
})
