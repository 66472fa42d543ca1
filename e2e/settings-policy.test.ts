/** deploy/settings on a real API server: permission to write ConfigMaps changes neither where tokens are sent nor which identity publishes. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { manyLabels } from './contract/kubernetes-cluster.ts'
import { type Attacks, assertRefused } from './install/attack.ts'
import { createPolicies } from './parts/control-plane/deploy-files.ts'
import { type KubernetesRequest, requestAsAdmin, requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { grantPermissions, type UserRule } from './parts/control-plane/users.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const namespace = 'pullpass-system'
const maps = `/api/v1/namespaces/${namespace}/configmaps`
const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
const [editor, installer] = ['editor', 'installer']
const allOfConfigMaps: UserRule = { verbs, resources: ['configmaps'], namespace }
const configure: UserRule = { verbs: ['configure'], apiGroups: ['pullpass.dev'], resources: ['settings'], namespace }

/** As in an installation; kustomize adds a hash to generated names. */
const settings = ['pullpass-documents', 'pullpass-publish', 'pullpass-node', 'pullpass-issuer-credentials-6ct58987ht']

const ownLabels = { 'app.kubernetes.io/name': 'pullpass' }
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'absent', uid: '00000000-0000-0000-0000-000000000000' }

const startSetup = () =>
  startPart('settings', async (context) => {
    const plane = await context.use(startControlPlane({ users: [editor, installer], controllers: 'all' }))
    const admin = (request: KubernetesRequest) => requestAsAdmin(plane, request)
    await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
    await createPolicies(plane, 'deploy/settings/policy.yaml')
    const connectAs = async (name: string, rules: readonly UserRule[]) => {
      const token = plane.userTokens.get(name) ?? ''
      await grantPermissions(plane, { name, token }, rules)
      return { ...plane, adminToken: token }
    }
    for (const name of settings)
      await admin({ method: 'POST', path: maps, body: { metadata: { name, labels: ownLabels } } })
    return {
      plane,
      asEditor: await connectAs(editor, [allOfConfigMaps]),
      asInstaller: await connectAs(installer, [allOfConfigMaps, configure]),
    }
  })

await withRealPart('a control plane', startSetup, ({ plane, asEditor, asInstaller }) => {
  suite('deploy/settings', () => {
    const contentType = 'application/merge-patch+json'
    const data = { 'credentials.json': '{}' }
    const refusal = 'requires the verb configure on settings.pullpass.dev'
    const attacks = (name: string): Attacks => {
      const path = `${maps}/${name}`
      const requests: Record<string, KubernetesRequest> = {
        'by a patch': { method: 'PATCH', path, contentType, body: { data } },
        'by an update': { method: 'PUT', path, body: { metadata: { name }, data } },
        'by deleting it, to recreate it': { method: 'DELETE', path },
        'by deleting all': { method: 'DELETE', path: maps },
        'by making it immutable': { method: 'PATCH', path, contentType, body: { immutable: true } },
        'by 4,294 labels': { method: 'PATCH', path, contentType, body: { metadata: { labels: manyLabels(4_294) } } },
        'by an annotation': {
          method: 'PATCH',
          path,
          contentType,
          body: { metadata: { annotations: { note: 'mine' } } },
        },
        'by a finalizer': {
          method: 'PATCH',
          path,
          contentType,
          body: { metadata: { finalizers: ['example.com/never'] } },
        },
        'by an owner that does not exist': {
          method: 'PATCH',
          path,
          contentType,
          body: { metadata: { ownerReferences: [owner] } },
        },
        'by an apply that adds a field manager': {
          method: 'PATCH',
          path: `${path}?fieldManager=mine`,
          contentType: 'application/apply-patch+yaml',
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: ownLabels } },
        },
      }
      return Object.fromEntries(Object.entries(requests).map(([title, request]) => [title, { request, refusal }]))
    }

    for (const name of settings) {
      test(`permission to write ConfigMaps changes nothing in ${name}`, async (t) =>
        await assertRefused(t, asEditor, attacks(name)))
    }

    test('it does not create a missing one', async (t) => {
      const body = { metadata: { name: 'pullpass-issuer-credentials' }, data }
      await assertRefused(t, asEditor, {
        'by its plain name': { request: { method: 'POST', path: maps, body }, refusal },
      })
    })

    test('other ConfigMaps can be written', async () => {
      const body = { metadata: { name: 'pullpass-documents-of-mine-and-more' }, data }
      assert.equal((await requestKubernetes(asEditor, { method: 'POST', path: maps, body })).status, 201)
    })

    test('with the verb configure, data is written', async () => {
      const path = `${maps}/pullpass-documents`
      const request: KubernetesRequest = { method: 'PATCH', path, contentType, body: { data } }
      assert.equal((await requestKubernetes(asInstaller, request)).status, 200)
    })

    test('the namespace is deleted as a whole', async () => {
      const path = `/api/v1/namespaces/${namespace}`
      await requestKubernetes(plane, { method: 'DELETE', path })
      await waitUntil('the namespace to be gone', 60_000, async () => {
        const { status } = await requestKubernetes(plane, { path })
        return status === 404 || undefined
      })
    })
  })
})
