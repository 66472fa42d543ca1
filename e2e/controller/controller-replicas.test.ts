/** Two replicas of the controller on a real API server: a crash, a stop, and a leader that is paused. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, suite, type TestContext, test } from 'node:test'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import {
  type ControllerProcess,
  type ControllerSetup,
  prepareController,
  readMetric,
} from '../parts/start-controller.ts'
import { startFederatedCluster } from '../parts/start-federated-cluster.ts'

const leaseFlags = ['--lease', 'default/pullpass-controller']

await withRealPart('a real control plane and Google', startFederatedCluster, (cluster) => {
  suite('of two replicas of the controller', () => {
    const { controlPlane, google } = cluster
    let folder: string
    let setup: ControllerSetup
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pullpass-replicas-'))
      setup = await prepareController(cluster, folder)
    })
    after(async () => {
      await rm(folder, { recursive: true })
    })

    beforeEach(async () => {
      const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/pullpass-controller'
      await requestKubernetes(controlPlane, { method: 'DELETE', path }) // of a replica that was killed
    })

    const start = async (t: TestContext): Promise<ControllerProcess> => {
      const replica = await setup.start(...leaseFlags)
      t.after(async () => {
        replica.child.kill('SIGKILL')
        await replica.ended
      })
      return replica
    }
    /** The first one leads. */
    const startTwo = async (t: TestContext) => {
      const leader = await start(t)
      await leads(leader, 20_000)
      const standby = await start(t)
      await waitForStderr(standby.child, /another replica leads/)
      assert.equal(await readMetric(standby, 'leader'), 0)
      return [leader, standby] as const
    }
    /** Milliseconds until it leads. */
    const leads = async (replica: ControllerProcess, withinMs: number): Promise<number> => {
      const startedMs = performance.now()
      await waitUntil('the leader', withinMs, async () => (await readMetric(replica, 'leader')) === 1 || undefined)
      return Math.round(performance.now() - startedMs)
    }
    const createNamespace = async (name: string) =>
      await requestAsAdmin(controlPlane, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
    const secretOf = async (namespace: string): Promise<{ uid: string; resourceVersion: string } | undefined> => {
      const { status, body } = await requestKubernetes(controlPlane, {
        path: `/api/v1/namespaces/${namespace}/secrets/regcred`,
      })
      return status === 200 ? JSON.parse(body).metadata : undefined
    }
    const hasSecret = async (namespace: string) =>
      await waitUntil(`a Secret in ${namespace}`, 10_000, async () => await secretOf(namespace))

    test('the standby leads immediately when the leader is stopped, and what is fresh is not written again', async (t) => {
      const [leader, standby] = await startTwo(t)
      await createNamespace('team-stop')
      const stored = await hasSecret('team-stop')
      const exchanges = google.exchanges()
      leader.child.kill('SIGTERM')
      const tookMs = await leads(standby, 5_000)
      assert.equal((await leader.ended).exitCode, 0)
      t.diagnostic(`after SIGTERM the standby led in ${tookMs} ms`)
      await waitUntil('its evaluation', 10_000, async () => {
        const fresh = await readMetric(standby, 'namespaces_fresh{document="ClusterPullSecret/pull"}')
        return fresh === 1 || undefined
      })
      assert.equal((await secretOf('team-stop'))?.resourceVersion, stored.resourceVersion)
      assert.equal(google.exchanges(), exchanges)
    })

    test('the standby leads within 20 s after the leader was killed, and serves new namespaces', async (t) => {
      const [leader, standby] = await startTwo(t)
      leader.child.kill('SIGKILL')
      await createNamespace('team-crash')
      const tookMs = await leads(standby, 20_000)
      t.diagnostic(`after SIGKILL the standby led in ${tookMs} ms`)
      await hasSecret('team-crash')
    })

    test('a leader that was paused writes nothing when it resumes, and stays a standby', async (t) => {
      const [paused, standby] = await startTwo(t)
      await createNamespace('team-pause')
      await hasSecret('team-pause')
      const written = await writesOf(paused)
      paused.child.kill('SIGSTOP')
      const tookMs = await leads(standby, 20_000)
      t.diagnostic(`after SIGSTOP the standby led in ${tookMs} ms`)
      // Events that wait for the paused leader: it would write each of them.
      const names = Array.from({ length: 20 }, (_, index) => `team-pause-${index}`)
      for (const name of names) await createNamespace(name)
      for (const name of names) await hasSecret(name)
      const versions = await Promise.all(names.map(async (name) => (await secretOf(name))?.resourceVersion))
      for (const name of names.slice(0, 5)) {
        const path = `/api/v1/namespaces/${name}/secrets/regcred`
        await requestAsAdmin(controlPlane, { method: 'DELETE', path })
      }
      paused.child.kill('SIGCONT')
      await waitForStderr(paused.child, /this replica no longer leads/)
      for (const name of names) await hasSecret(name)
      assert.deepEqual([await writesOf(paused), await readMetric(paused, 'leader')], [written, 0])
      assert.equal(await readMetric(standby, 'leader'), 1)
      const unchanged = await Promise.all(names.map(async (name) => (await secretOf(name))?.resourceVersion))
      assert.deepEqual(unchanged.slice(5), versions.slice(5))
    })
  })
})

/** Also unchanged ones. */
async function writesOf(replica: ControllerProcess): Promise<number> {
  const results = ['created', 'updated', 'unchanged', 'skipped']
  const counts = await Promise.all(results.map((result) => readMetric(replica, `writes_total{result="${result}"}`)))
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
}
