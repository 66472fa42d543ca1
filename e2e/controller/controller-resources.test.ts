/** The controller with custom resources on a real API server and garbage collector, with exactly the permissions of docs/controller.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import type { ResourceStatus } from '../../src/document/custom-resource.ts'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { documentText } from '../../test/support/document-text.ts'
import type { PullpassProcess } from '../../test/support/spawn-pullpass.ts'
import { clusterPullSecretsPath, deleteDefinitions, installDefinitions } from '../parts/control-plane/deploy-files.ts'
import { requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { grantPermissions, renderKubeconfig, type UserRule } from '../parts/control-plane/users.ts'
import { spawnProgram } from '../parts/process/pullpass-program.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { type FederatedCluster, startFederatedCluster } from '../parts/start-federated-cluster.ts'

const page = readFileSync('docs/controller.md', 'utf8')
const rulesOf = (mark: string): string =>
  new RegExp(`<!-- ${mark} -->\n\`\`\`yaml\n([^\`]+)\`\`\``).exec(page)?.[1] ?? ''

/** A process without files, whose account has only the documented permissions. */
async function startController({ controlPlane, environment }: FederatedCluster, folder: string) {
  const path = '/api/v1/namespaces/default/serviceaccounts/pullpass/token'
  const { body } = await requestAsAdmin(controlPlane, { method: 'POST', path, body: { spec: {} } })
  const { status }: { status: { token: string } } = JSON.parse(body)
  const account = { name: 'system:serviceaccount:default:pullpass', token: status.token }
  const { rules }: { rules: UserRule[] } = parse(rulesOf('rules'))
  const tokens = { verbs: ['create'], resources: ['serviceaccounts/token'], resourceNames: ['pullpass'] }
  const own = [
    ...rules,
    ...parse(rulesOf('custom resource rules')),
    ...parse(rulesOf('rules of accounts')),
    { ...tokens, namespace: 'default' },
  ]
  await grantPermissions(controlPlane, account, own)
  await writeFile(join(folder, 'kubeconfig'), renderKubeconfig(controlPlane, account.token), { mode: 0o600 })
  const argv = ['controller', '--no-leader-election', '--health-listen', '0', '--log-level', 'info']
  const started = spawnProgram(argv, { ...environment, KUBECONFIG: join(folder, 'kubeconfig') })
  const logged = await waitForStderr(started.child, /serving health and metrics port=\d+/)
  return { ...started, address: `http://127.0.0.1:${/port=(\d+)/.exec(logged)?.[1]}` }
}

await withRealPart(
  'a real control plane and Google',
  () => startFederatedCluster({ controllers: 'all' }),
  (cluster) => {
    suite('pullpass controller with ClusterPullSecrets', () => {
      const { controlPlane, google, environment } = cluster
      let folder: string
      let running: PullpassProcess & { readonly address: string }
      before(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pullpass-controller-'))
        running = await startController(cluster, folder)
      })
      after(async () => {
        running.child.kill('SIGKILL')
        await rm(folder, { recursive: true })
      })

      const admin = async (method: string, path: string, body?: object, contentType = 'application/json') =>
        await requestAsAdmin(controlPlane, { method, path, contentType, ...(body && { body }) })
      const createNamespace = async (name: string) => await admin('POST', '/api/v1/namespaces', { metadata: { name } })
      const provider = `projects/${environment['PROJECT_NUMBER']}/locations/global/workloadIdentityPools/${environment['POOL_ID']}/providers/${environment['PROVIDER_ID']}`
      const objectOf = (name: string, include: readonly string[], spec: object = {}) => {
        const written = parse(documentText({ gcp: { provider } }, { name, include }))
        const serviceAccountRef = { namespace: 'default', name: 'pullpass' }
        return { ...written, spec: { ...written.spec, serviceAccountRef, ...spec } }
      }
      const create = async (name: string, include: readonly string[], spec: object = {}) =>
        await admin('POST', clusterPullSecretsPath, objectOf(name, include, spec))
      const change = async (name: string, spec: object) =>
        await admin('PATCH', `${clusterPullSecretsPath}/${name}`, { spec }, 'application/merge-patch+json')
      const remove = async (name: string) => await admin('DELETE', `${clusterPullSecretsPath}/${name}`)
      const secretStatus = async (namespace: string) =>
        (await requestKubernetes(controlPlane, { path: `/api/v1/namespaces/${namespace}/secrets/regcred` })).status
      const whenSecret = async (namespace: string, status: 200 | 404, limitMs = 30_000) =>
        await waitUntil(
          `Secret of ${namespace}: ${status}`,
          limitMs,
          async () => (await secretStatus(namespace)) === status || undefined,
        )
      const read = async (name: string): Promise<{ metadata: { resourceVersion: string }; status?: ResourceStatus }> =>
        JSON.parse((await admin('GET', `${clusterPullSecretsPath}/${name}`)).body)
      const whenReady = async (name: string, expected: string) =>
        await waitUntil(`${name} to be ${expected}`, 30_000, async () => {
          const { status } = await read(name)
          const [ready] = status?.conditions ?? []
          return `${ready?.status} ${ready?.reason}` === expected ? status : undefined
        })

      test('is ready without their definition, and notices it when it is installed', async () => {
        await waitUntil(
          'readiness',
          20_000,
          async () => (await fetch(`${running.address}/readyz`)).status === 200 || undefined,
        )
        await installDefinitions(controlPlane)
        await createNamespace('team-a')
        await create('pull', ['team-*'])
        await whenSecret('team-a', 200)
        const status = await whenReady('pull', 'True Fresh')
        assert.deepEqual(status.namespaces, { selected: 1, fresh: 1, failing: 0 })
        assert.equal(status.registries, 'google')
        assert.ok(Date.parse(status.expiresAt ?? '') > Date.parse(status.nextRefreshAt ?? ''))
      })

      test('a change takes effect within a second, and the status is not written again without a change', async () => {
        await createNamespace('other')
        const startedMs = performance.now()
        await change('pull', { namespaces: { include: ['team-*', 'other'] } })
        await whenSecret('other', 200)
        assert.ok(performance.now() - startedMs < 1_000, `${performance.now() - startedMs} ms`)
        await waitUntil(
          'the count',
          20_000,
          async () => (await read('pull')).status?.namespaces?.fresh === 2 || undefined,
        )
        await sleep(6_000)
        const { metadata } = await read('pull')
        await sleep(6_000)
        assert.equal((await read('pull')).metadata.resourceVersion, metadata.resourceVersion)
      })

      test('an invalid change is reported in the status, and its last valid version stays in use', async () => {
        const registry = { name: 'one', hosts: ['quay.io', 'quay.io'], quay: { robot: 'example+robot' } }
        await change('pull', { registries: [registry] })
        const { conditions } = await whenReady('pull', 'False Invalid')
        assert.match(conditions[0]?.message ?? '', /hosts\[1\] is "quay\.io".*The last valid version stays in use/)
        await createNamespace('team-b')
        await whenSecret('team-b', 200)
        await change('pull', { registries: objectOf('pull', []).spec.registries })
        await whenReady('pull', 'True Fresh')
      })

      test('deletionPolicy: Delete deletes the Secrets that pullpass created, and not one that it adopted', async () => {
        for (const name of ['own-created', 'own-adopted']) await createNamespace(name)
        const adopted = '/api/v1/namespaces/own-adopted/secrets'
        const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
        await admin('POST', adopted, { metadata: { name: 'regcred' }, type: 'kubernetes.io/dockerconfigjson', data })
        await create('owner', ['own-*'], { deletionPolicy: 'Delete', conflictPolicy: 'Adopt' })
        await whenReady('owner', 'True Fresh')
        await remove('owner')
        await whenSecret('own-created', 404)
        assert.equal(await secretStatus('own-adopted'), 200)
      })

      test('kubectl delete --cascade=orphan keeps the Secrets, without an owner', async () => {
        await createNamespace('orphan-a')
        await create('orphan', ['orphan-*'], { deletionPolicy: 'Delete' })
        await whenReady('orphan', 'True Fresh')
        await admin('DELETE', `${clusterPullSecretsPath}/orphan?propagationPolicy=Orphan`)
        await waitUntil('the deletion', 60_000, async () => {
          const path = `${clusterPullSecretsPath}/orphan`
          return (await requestKubernetes(controlPlane, { path })).status === 404 || undefined
        })
        await sleep(3_000)
        const { body } = await admin('GET', '/api/v1/namespaces/orphan-a/secrets/regcred')
        const { metadata }: { metadata: { ownerReferences?: object[] } } = JSON.parse(body)
        assert.equal(metadata.ownerReferences, undefined)
      })

      test('a namespace that is no longer selected loses its Secret within a second with Delete, and keeps it with Retain', async () => {
        const label = async (name: string, team: string | null) =>
          await admin(
            'PATCH',
            `/api/v1/namespaces/${name}`,
            { metadata: { labels: { team } } },
            'application/merge-patch+json',
          )
        for (const [name, deletionPolicy] of [
          ['leave', 'Delete'],
          ['stay', 'Retain'],
        ] as const) {
          for (const namespace of [`${name}-a`, `${name}-b`, `${name}-theirs`]) {
            await createNamespace(namespace)
            await label(namespace, name)
          }
          const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
          const theirs = { metadata: { name: 'regcred' }, type: 'kubernetes.io/dockerconfigjson', data }
          await admin('POST', `/api/v1/namespaces/${name}-theirs/secrets`, theirs)
          const namespaces = { selector: { matchLabels: { team: name } } }
          await create(name, [], { namespaces, deletionPolicy })
        }
        for (const name of ['leave', 'stay']) await whenReady(name, 'False WriteFailed')
        await sleep(31_000) // after a change of the document, nothing is deleted for 30 s
        const startedMs = performance.now()
        for (const name of ['leave-theirs', 'leave-a', 'stay-a', 'stay-theirs']) await label(name, null)
        await whenSecret('leave-a', 404)
        assert.ok(performance.now() - startedMs < 1_000, `${performance.now() - startedMs} ms`)
        await sleep(5_000)
        const kept = ['leave-b', 'leave-theirs', 'stay-a', 'stay-b', 'stay-theirs']
        assert.deepEqual(
          await Promise.all(kept.map(secretStatus)),
          kept.map(() => 200),
        )
        await change('leave', { namespaces: { exclude: ['leave-b'], include: ['leave-*'], selector: null } })
        await sleep(25_000)
        assert.equal(await secretStatus('leave-b'), 200)
        await whenSecret('leave-b', 404, 60_000)
        for (const name of ['leave', 'stay']) await remove(name)
      })

      test('an account loses its entry where a namespace is no longer selected and when the object is deleted; others stay', async () => {
        const accountPath = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts/default`
        const entriesIn = async (namespace: string): Promise<string> => {
          const { status, body } = await requestKubernetes(controlPlane, { path: accountPath(namespace) })
          if (status !== 200) return 'no account'
          const { imagePullSecrets = [] }: { imagePullSecrets?: { name: string }[] } = JSON.parse(body)
          return imagePullSecrets.map(({ name }) => name).join()
        }
        const whenEntries = async (namespace: string, expected: string) =>
          await waitUntil(
            `entries ${expected} in ${namespace}`,
            60_000,
            async () => (await entriesIn(namespace)) === expected || undefined,
          )
        const namespaces = ['attach-a', 'attach-b']
        for (const name of namespaces) await createNamespace(name)
        await create('attach', ['attach-*'], { deletionPolicy: 'Delete', attachToServiceAccounts: ['default'] })
        for (const name of namespaces) {
          await whenEntries(name, 'regcred')
          const imagePullSecrets = ['first', 'regcred', 'last'].map((one) => ({ name: one }))
          await admin('PATCH', accountPath(name), { imagePullSecrets }, 'application/merge-patch+json')
        }
        await change('attach', { namespaces: { include: ['attach-b'] } })
        await whenSecret('attach-a', 404, 60_000)
        await whenEntries('attach-a', 'first,last')
        assert.equal(await entriesIn('attach-b'), 'first,regcred,last')
        await remove('attach')
        await whenEntries('attach-b', 'first,last')
        await whenSecret('attach-b', 404)
      })

      test('a Secret of another owner is named in the status', async () => {
        await create('second', ['own-adopted'])
        const status = await whenReady('second', 'False WriteFailed')
        assert.deepEqual(
          status.failingNamespaces?.map(({ name, code }) => [name, code]),
          [['own-adopted', 'SECRET_NOT_OURS']],
        )
        await remove('second')
      })

      test('with Retain, its Secrets stay when the object and the definition are deleted; restored, they cost no exchange', async () => {
        const exchanges = google.exchanges()
        await deleteDefinitions(controlPlane)
        assert.deepEqual(await Promise.all(['team-a', 'team-b', 'other'].map(secretStatus)), [200, 200, 200])
        await installDefinitions(controlPlane)
        await create('pull', ['team-*', 'other'])
        await whenReady('pull', 'True Fresh')
        assert.equal(google.exchanges(), exchanges)
      })

      test('ends with exit code 0 on SIGTERM, without an unexpected error', async () => {
        running.child.kill('SIGTERM')
        const { exitCode, stderr } = await running.ended
        assert.equal(exitCode, 0, stderr)
        const expected =
          /a ClusterPullSecret is invalid|SECRET_NOT_OURS|not defined in this cluster|selects no namespace/
        const problems = stderr.split('\n').filter((line) => / error /.test(line) && !expected.test(line))
        assert.deepEqual(problems, [])
      })
    })
  },
)
