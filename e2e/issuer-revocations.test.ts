/** deploy/issuer-revocations in a real API server: whoever may write ConfigMaps takes no revocation back, and revoking goes on. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../sandbox/start/movable-clock.ts'
import { runPullpass } from '../test/support/run-pullpass.ts'
import { type Attacks, assertRefused } from './install/attack.ts'
import { allowUser } from './parts/control-plane/allow-user.ts'
import { askAsAdmin } from './parts/control-plane/ask-as-admin.ts'
import { renderKubeconfig } from './parts/control-plane/render-kubeconfig.ts'
import { type KubernetesRequest, requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { generateSigningKey } from './parts/control-plane/write-key-files.ts'
import { startPart } from './parts/ground/start-part.ts'
import { waitUntil } from './parts/ground/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'
import { kidOf } from './rotation/kid-of.ts'

const maps = '/api/v1/namespaces/pullpass-system/configmaps'
const memory = `${maps}/pullpass-issuer`
const contentType = 'application/merge-patch+json'
const user = 'namespace-admin'

const [leaked, current] = [generateSigningKey(), generateSigningKey()]

const startStage = () =>
  startPart('issuer-revocations', async (ground) => {
    const keys = { signing: current, verifying: [current, leaked] }
    const flags = ['--endpoint-reconciler-type=none']
    const plan = {
      issuer: 'https://oidc.example.com/cluster-1',
      controllers: 'all',
      users: [user],
      keys,
      flags,
    } as const
    const plane = await ground.use(startControlPlane(plan))
    const admin = (request: KubernetesRequest) => askAsAdmin(plane, request)
    await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'pullpass-system' } } })
    for (const document of parseAllDocuments(await readFile('deploy/issuer-revocations/policy.yaml', 'utf8'))) {
      const body: { kind: string } = document.toJS()
      const kinds = body.kind.replace(/y$/, 'ies').replace(/g$/, 'gs').toLowerCase()
      await admin({ method: 'POST', path: `/apis/admissionregistration.k8s.io/v1/${kinds}`, body })
    }
    const token = plane.userTokens.get(user) ?? ''
    const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
    await allowUser(plane, { name: user, token }, [{ verbs, resources: ['configmaps'], namespace: 'pullpass-system' }])
    const [kubeconfig, folder] = [join(ground.folder, 'kubeconfig'), join(ground.folder, 'public')]
    await writeFile(kubeconfig, renderKubeconfig(plane, plane.adminToken), { mode: 0o600 })
    await mkdir(folder)
    const pullpass = async (...words: string[]) => {
      const surroundings = { environment: { KUBECONFIG: kubeconfig }, clock: createMovableClock(() => new Date()) }
      const run = await runPullpass(surroundings, ['issuer', ...words])
      assert.equal(run.exitCode, 0, run.stderr)
    }
    return {
      /** As the cluster's admin. */
      ask: async (request: KubernetesRequest) => await requestKubernetes(plane, request),
      admin,
      namespaceAdmin: { ...plane, adminToken: token },
      entries: async () => {
        const { data = {} }: { data?: Record<string, string> } = JSON.parse((await admin({ path: memory })).body)
        return data
      },
      revoke: async (keyId: string) => await pullpass('revoke', '--to', folder, '--', keyId),
      publish: async () => await pullpass('publish', '--to', folder),
    }
  })

await withRealPart('a control plane', startStage, ({ ask, admin, namespaceAdmin, entries, revoke, publish }) => {
  suite('deploy/issuer-revocations', () => {
    const patch = (body: object): KubernetesRequest => ({ method: 'PATCH', path: memory, contentType, body })

    test('revoking goes on under it', async () => {
      await publish()
      await revoke(kidOf(leaked))
      assert.equal(Object.keys(await entries()).filter((name) => name.startsWith('revoked.')).length, 1)
    })

    test('whoever may do all with ConfigMaps takes no revocation back', async (t) => {
      const [name = ''] = Object.keys(await entries())
      const metadata = { name: 'pullpass-issuer' }
      const taken = 'a revocation of a signing key is not taken back'
      const deleted = 'what remembers revocations of signing keys is not deleted'
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: '00000000-0000-0000-0000-000000000000' }
      const attacks: Attacks = {
        'by a patch': { request: patch({ data: { [name]: null } }), refusal: taken },
        'by another text': { request: patch({ data: { [name]: '{}' } }), refusal: taken },
        'by an update': { request: { method: 'PUT', path: memory, body: { metadata } }, refusal: taken },
        'by a patch of all': { request: patch({ data: null, binaryData: { [name]: '' } }), refusal: taken },
        'by deleting it': { request: { method: 'DELETE', path: memory }, refusal: deleted },
        'by deleting all of them': { request: { method: 'DELETE', path: maps }, refusal: deleted },
        'by an owner who is not there': {
          request: patch({ metadata: { ownerReferences: [owner] } }),
          refusal: 'what remembers revocations of signing keys is owned by nothing',
        },
      }
      await assertRefused(t, namespaceAdmin, attacks)
      assert.deepEqual(Object.keys(await entries()), [name])
    })

    test('keys are remembered and forgotten, and revocations added, by whoever may', async () => {
      const [name = ''] = Object.keys(await entries())
      for (const data of [
        { 'key.a': '{}' },
        { 'key.a': null },
        { 'revoked.a': '{"kid":"a"}' },
        { 'revoked.a': '{"kid":"a","key":{}}' },
      ]) {
        const { status, body } = await requestKubernetes(namespaceAdmin, patch({ data }))
        assert.equal(status, 200, body)
      }
      assert.deepEqual(Object.keys(await entries()).toSorted(), [name, 'revoked.a'].toSorted())
    })

    test('other ConfigMaps are nobody’s matter', async () => {
      const path = `${maps}/other`
      const body = { metadata: { name: 'other' }, data: { 'revoked.a': '{}' } }
      for (const request of [
        { method: 'POST', path: maps, body },
        { ...patch({ data: null }), path },
        { method: 'DELETE', path },
      ]) {
        assert.ok((await requestKubernetes(namespaceAdmin, request)).status < 300)
      }
    })

    test('the cluster’s admin takes one back, and the namespace can be deleted', async () => {
      await admin(patch({ data: { 'revoked.a': null } }))
      await admin({ method: 'DELETE', path: '/api/v1/namespaces/pullpass-system' })
      const isGone = async () => (await ask({ path: '/api/v1/namespaces/pullpass-system' })).status === 404 || undefined
      await waitUntil('the namespace to be gone', 60_000, isGone)
    })
  })
})
