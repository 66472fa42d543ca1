/** deploy/issuer-revocations in a real API server: whoever may write ConfigMaps takes no revocation back, and an operator revokes as before. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createMovableClock } from '../sandbox/start/movable-clock.ts'
import { runPullpass } from '../test/support/run-pullpass.ts'
import { type Attacks, assertRefused } from './install/attack.ts'
import { allowUser, type UserRule } from './parts/control-plane/allow-user.ts'
import { askAsAdmin } from './parts/control-plane/ask-as-admin.ts'
import { createPolicies } from './parts/control-plane/create-policies.ts'
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
const [namespaceAdmin, operator] = ['namespace-admin', 'operator']

const namespace = 'pullpass-system'
const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
const allOfConfigMaps: UserRule = { verbs, resources: ['configmaps'], namespace }
const remembering = { apiGroups: ['pullpass.dev'], resources: ['revocations'], resourceNames: ['pullpass-issuer'] }
/** Who revokes, and is no cluster-admin. */
const rulesOfOperator: readonly UserRule[] = [
  allOfConfigMaps,
  { verbs: ['remember'], ...remembering, namespace },
  { verbs: ['get'], nonResourceURLs: ['/.well-known/openid-configuration', '/openid/v1/jwks'] },
  { verbs: ['create'], resources: ['serviceaccounts/token'], namespace: 'default' },
  { verbs: ['list'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], namespace: 'default' },
]

const [leaked, current] = [generateSigningKey(), generateSigningKey()]

const startStage = () =>
  startPart('issuer-revocations', async (ground) => {
    const keys = { signing: current, verifying: [current, leaked] }
    const flags = ['--endpoint-reconciler-type=none']
    const plan = {
      issuer: 'https://oidc.example.com/cluster-1',
      controllers: 'all',
      users: [namespaceAdmin, operator],
      keys,
      flags,
    } as const
    const plane = await ground.use(startControlPlane(plan))
    const admin = (request: KubernetesRequest) => askAsAdmin(plane, request)
    await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'pullpass-system' } } })
    await createPolicies(plane, 'deploy/issuer-revocations/policy.yaml')
    const become = async (name: string, rules: readonly UserRule[]) => {
      const token = plane.userTokens.get(name) ?? ''
      await allowUser(plane, { name, token }, rules)
      return { ...plane, adminToken: token }
    }
    const [kubeconfig, folder] = [join(ground.folder, 'kubeconfig'), join(ground.folder, 'public')]
    const asOperator = await become(operator, rulesOfOperator)
    await writeFile(kubeconfig, renderKubeconfig(plane, asOperator.adminToken), { mode: 0o600 })
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
      asNamespaceAdmin: await become(namespaceAdmin, [allOfConfigMaps]),
      asOperator,
      entries: async () => {
        const { data = {} }: { data?: Record<string, string> } = JSON.parse((await admin({ path: memory })).body)
        return data
      },
      revoke: async (keyId: string) => await pullpass('revoke', '--to', folder, '--', keyId),
      publish: async () => await pullpass('publish', '--to', folder),
    }
  })

await withRealPart('a control plane', startStage, (stage) => {
  const { ask, admin, asNamespaceAdmin, asOperator, entries, revoke, publish } = stage
  suite('deploy/issuer-revocations', () => {
    const patch = (body: object): KubernetesRequest => ({ method: 'PATCH', path: memory, contentType, body })

    test('revoking goes on under it', async () => {
      await publish()
      await revoke(kidOf(leaked))
      assert.equal(Object.keys(await entries()).filter((name) => name.startsWith('revoked.')).length, 1)
    })

    const [written, taken, frozen, deleted] = [
      'is not written without the verb remember on revocations.pullpass.dev',
      'a revocation of a signing key is not taken back',
      'what remembers revocations of signing keys stays small, and open to be written',
      'what remembers revocations of signing keys is not deleted',
    ]
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'nobody', uid: '00000000-0000-0000-0000-000000000000' }
    /** Whoever writes ConfigMaps. */
    const misuses: Attacks = {
      'by deleting it': { request: { method: 'DELETE', path: memory }, refusal: deleted },
      'by deleting all of them': { request: { method: 'DELETE', path: maps }, refusal: deleted },
      'by an owner who is not there': {
        request: patch({ metadata: { ownerReferences: [owner] } }),
        refusal: 'what remembers revocations of signing keys is owned by nothing',
      },
      'by freezing it': { request: patch({ immutable: true }), refusal: frozen },
      'by filling it': { request: patch({ binaryData: { junk: 'A'.repeat(1_000_000) } }), refusal: frozen },
    }
    const removals = (name: string): Record<string, KubernetesRequest> => ({
      'by a patch': patch({ data: { [name]: null } }),
      'by another text': patch({ data: { [name]: '{}' } }),
      'by an update': { method: 'PUT', path: memory, body: { metadata: { name: 'pullpass-issuer' } } },
      'by a patch of all': patch({ data: null }),
    })
    const refusedWith = (refusal: string, requests: Record<string, KubernetesRequest>): Attacks =>
      Object.fromEntries(Object.entries(requests).map(([title, request]) => [title, { request, refusal }]))

    test('whoever may do all with ConfigMaps writes nothing into it, takes nothing out, and keeps nobody from revoking', async (t) => {
      const [name = ''] = Object.keys(await entries())
      await assertRefused(t, asNamespaceAdmin, {
        ...misuses,
        ...refusedWith(written, {
          ...removals(name),
          'by revoking the key that signs': patch({ data: { 'revoked.b': '{}' } }),
          'by a date of a key': patch({ data: { 'key.b': '{}' } }),
        }),
      })
      assert.deepEqual(Object.keys(await entries()), [name])
    })

    test('nor does who may revoke take a revocation back, or fill or freeze it', async (t) => {
      const [name = ''] = Object.keys(await entries())
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`key.${at}`, '{}']))
      await assertRefused(t, asOperator, {
        ...misuses,
        ...refusedWith(taken, removals(name)),
        ...refusedWith(frozen, {
          'by many entries': patch({ data: many }),
          'by a long one': patch({ data: { 'revoked.junk': 'x'.repeat(4_097) } }),
        }),
      })
      assert.deepEqual(Object.keys(await entries()), [name])
    })

    test('its labels are nobody’s matter', async () => {
      const labelled = patch({ metadata: { labels: { team: 'platform' } } })
      assert.equal((await requestKubernetes(asNamespaceAdmin, labelled)).status, 200)
    })

    test('keys are remembered and forgotten, and revocations added, by who has the verb', async () => {
      const [name = ''] = Object.keys(await entries())
      for (const data of [
        { 'key.a': '{}' },
        { 'key.a': null },
        { 'revoked.a': '{"kid":"a"}' },
        { 'revoked.a': '{"kid":"a","key":{}}' },
      ]) {
        const { status, body } = await requestKubernetes(asOperator, patch({ data }))
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
        assert.ok((await requestKubernetes(asNamespaceAdmin, request)).status < 300)
      }
    })

    test('the cluster’s admin takes one back and deletes it, nobody else makes it with entries, and the namespace can be deleted', async () => {
      await admin(patch({ data: { 'revoked.a': null } }))
      await admin({ method: 'DELETE', path: memory })
      const body = { metadata: { name: 'pullpass-issuer' }, data: { 'revoked.a': '{}' } }
      const forged = await requestKubernetes(asNamespaceAdmin, { method: 'POST', path: maps, body })
      assert.match(forged.body, /is not written without the verb remember/)
      await admin({ method: 'POST', path: maps, body })
      await admin({ method: 'DELETE', path: '/api/v1/namespaces/pullpass-system' })
      const isGone = async () => (await ask({ path: '/api/v1/namespaces/pullpass-system' })).status === 404 || undefined
      await waitUntil('the namespace to be gone', 60_000, isGone)
    })
  })
})
