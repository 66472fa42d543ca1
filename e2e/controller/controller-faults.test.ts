/** Faults of real processes: after each one every Secret is valid, those of others are unchanged, and nothing was exchanged in vain. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import { startTcpForwarder, type TcpForwarder } from '../../test/support/tcp-forwarder.ts'
import { type ApiServer, requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { compactEtcd } from '../parts/start-control-plane.ts'
import {
  type ControllerProcess,
  type ControllerSetup,
  prepareController,
  readMetric,
} from '../parts/start-controller.ts'
import { startFederatedCluster } from '../parts/start-federated-cluster.ts'

interface FoundSecret {
  readonly metadata: { readonly namespace: string; readonly uid: string; readonly resourceVersion: string }
  readonly data: Readonly<Record<string, string>>
}

const foreign = 'team-foreign'

await withRealPart('a real control plane and Google', startFederatedCluster, (cluster) => {
  suite('every Secret is valid, and the one of another client is unchanged, after', () => {
    const { controlPlane, google } = cluster
    const expected = new Set<string>()
    const undo: (() => unknown)[] = []
    let folder: string
    let forwarder: TcpForwarder
    let setup: ControllerSetup
    let ofOther: FoundSecret | undefined
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pullpass-faults-'))
      forwarder = await startTcpForwarder(
        { after: (end) => void undo.push(end) },
        Number(new URL(controlPlane.server).port),
      )
      setup = await prepareController(cluster, folder, { server: `https://127.0.0.1:${forwarder.port}` })
      await requestAsAdmin(controlPlane, {
        method: 'POST',
        path: '/api/v1/namespaces',
        body: { metadata: { name: foreign } },
      })
      const body = {
        metadata: { name: 'regcred' },
        type: 'kubernetes.io/dockerconfigjson',
        immutable: true,
        data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
      }
      await requestAsAdmin(controlPlane, { method: 'POST', path: `/api/v1/namespaces/${foreign}/secrets`, body })
      ofOther = (await listSecrets()).get(foreign)
    })
    after(async () => {
      for (const end of undo) await end()
      await rm(folder, { recursive: true })
    })

    const start = async (t: TestContext): Promise<ControllerProcess> => {
      const running = await setup.start('--lease', 'default/pullpass-controller')
      t.after(async () => {
        running.child.kill('SIGKILL')
        await running.ended
        const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/pullpass-controller'
        await requestKubernetes(rotated ?? controlPlane, { method: 'DELETE', path })
      })
      return running
    }
    let rotated: ApiServer | undefined
    const createNamespaces = async (prefix: string, count: number, apiServer: ApiServer = controlPlane) => {
      const names = Array.from({ length: count }, (_, index) => `team-${prefix}-${index}`)
      for (const name of names) expected.add(name)
      const create = async (name: string) =>
        await requestAsAdmin(apiServer, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
      await Promise.all(names.map(create))
    }
    const listSecrets = async (apiServer: ApiServer = controlPlane): Promise<ReadonlyMap<string, FoundSecret>> => {
      const path = '/api/v1/secrets?fieldSelector=metadata.name%3Dregcred'
      const { items }: { items: FoundSecret[] } = JSON.parse((await requestAsAdmin(apiServer, { path })).body)
      return new Map(items.map((secret) => [secret.metadata.namespace, secret]))
    }
    const isValid = ({ data }: FoundSecret): boolean => {
      const { auths } = JSON.parse(Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString())
      const [entry]: { auth?: string }[] = Object.values(auths)
      return (
        google.holderOf(
          Buffer.from(entry?.auth ?? '', 'base64')
            .toString()
            .replace('oauth2accesstoken:', ''),
        ) !== undefined
      )
    }
    /** Milliseconds until each is valid. */
    const allValid = async (withinMs: number, apiServer: ApiServer = controlPlane): Promise<number> => {
      const startedMs = performance.now()
      await waitUntil('each Secret', withinMs, async () => {
        const found = await listSecrets(apiServer)
        const areValid = [...expected].every((name) => {
          const secret = found.get(name)
          return secret !== undefined && isValid(secret)
        })
        return areValid || undefined
      })
      assert.deepEqual((await listSecrets(apiServer)).get(foreign), ofOther)
      return Math.round(performance.now() - startedMs)
    }
    const whenWritten = async (running: ControllerProcess, count: number) => {
      const isWritten = async () => ((await readMetric(running, 'writes_total{result="created"}')) ?? 0) >= count
      while (!(await isWritten())) assert.equal(running.child.exitCode, null)
    }

    test('a controller that was killed (SIGKILL) while it wrote them is started again: what was written stays', async (t) => {
      await createNamespaces('killed', 600)
      const first = await start(t)
      await whenWritten(first, 20)
      first.child.kill('SIGKILL')
      await first.ended
      const written = await listSecrets()
      assert.ok(written.size > 20 && written.size < 600, `${written.size} Secrets`)
      await start(t)
      t.diagnostic(
        `${written.size} of 600 Secrets were written before the end; the others ${await allValid(60_000)} ms after the next start`,
      )
      const now = await listSecrets()
      for (const [namespace, { metadata }] of written) assert.deepEqual(now.get(namespace)?.metadata, metadata)
      assert.equal(google.exchanges(), 2)
    })

    test('an API server that was killed (SIGKILL) while they were written, and etcd is compacted: what changed meanwhile is repaired', async (t) => {
      const replica = await controlPlane.startReplica()
      t.after(() => replica.stop())
      const exchanges = google.exchanges()
      const running = await start(t)
      await allValid(20_000)
      const creating = createNamespaces('restart', 300, replica)
      await whenWritten(running, 20)
      await controlPlane.stop('SIGKILL')
      await creating
      await createNamespaces('meanwhile', 3, replica)
      await requestAsAdmin(replica, { method: 'DELETE', path: '/api/v1/namespaces/team-killed-0/secrets/regcred' })
      await compactEtcd(controlPlane.etcdAddress)
      const written = await listSecrets(replica)
      await controlPlane.restart({})
      t.diagnostic(`${written.size} of 903 Secrets at the restart; all ${await allValid(60_000)} ms after it`)
      assert.equal(google.exchanges(), exchanges + 1)
      assert.equal(await readMetric(running, 'missed_changes_total'), 0)
    })

    test('each connection is half-open: the peer has gone without a word', async (t) => {
      const exchanges = google.exchanges()
      const running = await start(t)
      await allValid(20_000)
      forwarder.fallSilent()
      await createNamespaces('silent', 3)
      const path = '/api/v1/namespaces/team-killed-1/secrets/regcred'
      await requestAsAdmin(controlPlane, { method: 'DELETE', path })
      t.diagnostic(`all Secrets after ${await allValid(60_000)} ms`)
      assert.equal(google.exchanges(), exchanges + 1)
      assert.equal(await readMetric(running, 'leader'), 1)
      assert.equal(await readMetric(running, 'missed_changes_total'), 0)
    })

    test('the API server has a certificate of another CA, and the file with it is replaced', async (t) => {
      const caFile = join(folder, 'ca.crt')
      await writeFile(caFile, controlPlane.authority)
      const kubeconfig = JSON.parse(await readFile(join(folder, 'kubeconfig'), 'utf8'))
      const server = `https://127.0.0.1:${forwarder.port}`
      kubeconfig.clusters[0].cluster = { server, 'certificate-authority': caFile }
      await writeFile(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig))
      const exchanges = google.exchanges()
      const running = await start(t)
      await allValid(20_000)
      const certificates = dirname(dirname(controlPlane.signingKeyFile))
      for (const name of ['apiserver.crt', 'apiserver.key']) await rm(join(certificates, name)) // it creates them
      await controlPlane.restart({})
      const authority = await readFile(join(certificates, 'apiserver.crt'), 'utf8')
      assert.notEqual(authority, controlPlane.authority)
      rotated = { ...controlPlane, authority }
      await createNamespaces('rotated', 3, rotated)
      const isReported = async () =>
        (await (await fetch(`${running.address}/readyz`)).text()).includes('CERTIFICATE_UNTRUSTED')
      await waitUntil('the failure', 30_000, async () => (await isReported()) || undefined)
      await writeFile(caFile, authority)
      t.diagnostic(`all Secrets after ${await allValid(60_000, rotated)} ms`)
      assert.equal(google.exchanges(), exchanges + 1)
    })
  })
})
