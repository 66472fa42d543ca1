/** deploy/issuer-revocations on a real API server: permission to write ConfigMaps changes nothing in the state of issuer watch. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { manyLabels } from '../contract/kubernetes-cluster.ts'
import { type Attacks, assertRefused } from '../install/attack.ts'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { createPolicies } from '../parts/control-plane/deploy-files.ts'
import { type KubernetesRequest, requestAsAdmin, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { grantPermissions, renderKubeconfig, type UserRule } from '../parts/control-plane/users.ts'
import { freePort } from '../parts/process/free-port.ts'
import { runSuccessfully } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import { kidOf } from '../rotation/kid-of.ts'

const maps = '/api/v1/namespaces/pullpass-system/configmaps'
const keyStatePath = `${maps}/pullpass-issuer`
const contentType = 'application/merge-patch+json'
const [namespaceAdmin, operator] = ['namespace-admin', 'operator']

const namespace = 'pullpass-system'
/** As pullpass creates it. */
const ownLabels = { 'app.kubernetes.io/managed-by': 'pullpass' }
const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
const allOfConfigMaps: UserRule = { verbs, resources: ['configmaps'], namespace }
const keyStateResource = { apiGroups: ['pullpass.dev'], resources: ['revocations'], resourceNames: ['pullpass-issuer'] }
/** An operator that revokes keys without being cluster-admin. */
const operatorRules: readonly UserRule[] = [
  allOfConfigMaps,
  { verbs: ['remember'], ...keyStateResource, namespace },
  { verbs: ['get'], nonResourceURLs: ['/.well-known/openid-configuration', '/openid/v1/jwks'] },
  { verbs: ['create'], resources: ['serviceaccounts/token'], namespace: 'default' },
  { verbs: ['list'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], namespace: 'default' },
  { verbs: ['create'], resources: ['events'], namespace },
]

interface StoredObject {
  readonly metadata: { readonly managedFields?: readonly { readonly manager: string }[] }
}

const [leaked, other, current] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]

const startSetup = () =>
  startPart('issuer-revocations', async (context) => {
    const keys = { signing: current, verifying: [current, leaked, other] }
    const flags = ['--endpoint-reconciler-type=none']
    const plan = {
      issuer: 'https://oidc.example.com/cluster-1',
      controllers: 'all',
      users: [namespaceAdmin, operator],
      keys,
      flags,
    } as const
    const plane = await context.use(startControlPlane(plan))
    const admin = (request: KubernetesRequest) => requestAsAdmin(plane, request)
    await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'pullpass-system' } } })
    await createPolicies(plane, 'deploy/issuer-revocations/policy.yaml')
    const connectAs = async (name: string, rules: readonly UserRule[]) => {
      const token = plane.userTokens.get(name) ?? ''
      await grantPermissions(plane, { name, token }, rules)
      return { ...plane, adminToken: token }
    }
    const [kubeconfig, folder] = [join(context.folder, 'kubeconfig'), join(context.folder, 'public')]
    const adminKubeconfig = join(context.folder, 'admin')
    await writeFile(adminKubeconfig, plane.kubeconfig, { mode: 0o600 })
    const asOperator = await connectAs(operator, operatorRules)
    await writeFile(kubeconfig, renderKubeconfig(plane, asOperator.adminToken), { mode: 0o600 })
    await mkdir(folder)
    const host = { environment: { KUBECONFIG: kubeconfig }, clock: createMovableClock(() => new Date()) }
    const pullpass = async (args: string[], options: Parameters<typeof runPullpass>[2] = {}) =>
      await runPullpass(host, ['issuer', ...args], options)
    return {
      /** As the cluster's admin. */
      send: async (request: KubernetesRequest) => await requestKubernetes(plane, request),
      admin,
      asNamespaceAdmin: await connectAs(namespaceAdmin, [allOfConfigMaps]),
      asOperator,
      entries: async () => {
        const { data = {} }: { data?: Record<string, string> } = JSON.parse((await admin({ path: keyStatePath })).body)
        return data
      },
      /** Of the leaked key, or of another one that does not sign. */
      revoke: async (key: 'leaked' | 'other') =>
        await pullpass(['revoke', '--to', folder, '--', kidOf(key === 'leaked' ? leaked : other)]),
      publish: async () => await pullpass(['publish', '--to', folder]),
      /** The responses of /readyz after each of these rounds of a watch. */
      watch: async (rounds: number) => {
        const port = await freePort()
        const responses: { readonly status: number; readonly text: string }[] = []
        const ended = new AbortController()
        await pullpass(['watch', '--to', folder, `--health-listen=127.0.0.1:${port}`], {
          signal: ended.signal,
          random: Math.random, // Events written at the same time need different names
          sleep: async (ms) => {
            if (ms < 5_000) return // between two attempts of a request
            const response = await fetch(`http://127.0.0.1:${port}/readyz`)
            responses.push({ status: response.status, text: await response.text() })
            if (responses.length === rounds) ended.abort(new Error('enough rounds'))
          },
        })
        return responses
      },
      adminKubeconfig,
    }
  })

await withRealPart('a control plane', startSetup, (setup) => {
  const { send, admin, asNamespaceAdmin, asOperator, entries, revoke, publish, watch, adminKubeconfig } = setup
  suite('deploy/issuer-revocations', () => {
    const patch = (body: object): KubernetesRequest => ({ method: 'PATCH', path: keyStatePath, contentType, body })

    test('revoke succeeds with the policy', async () => {
      for (const { exitCode, stderr } of [await publish(), await revoke('leaked')]) assert.equal(exitCode, 0, stderr)
      assert.equal(Object.keys(await entries()).filter((name) => name.startsWith('revoked.')).length, 1)
    })

    const requires = (what: string, verb: string) => `${what} requires the verb ${verb} on revocations.pullpass.dev`
    const written = requires('writing the state of issuer watch', 'remember')
    const kept = requires('changing anything but data in the state of issuer watch', 'pardon')
    const taken = requires('removing or changing the revocation of a signing key', 'pardon')
    const deleted = requires('deleting the state of issuer watch', 'pardon')
    const refusedWith = (refusal: string, requests: Record<string, KubernetesRequest>): Attacks =>
      Object.fromEntries(Object.entries(requests).map(([title, request]) => [title, { request, refusal }]))
    const deletions = refusedWith(deleted, {
      'by deleting it': { method: 'DELETE', path: keyStatePath },
      'by deleting all of them': { method: 'DELETE', path: maps },
    })
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'absent', uid: '00000000-0000-0000-0000-000000000000' }
    /** Changes of every field except data. */
    const changesOfTheRest: Record<string, KubernetesRequest> = {
      'by a label': patch({ metadata: { labels: { team: 'platform' } } }),
      'by 4,294 labels': patch({ metadata: { labels: manyLabels(4_294) } }),
      'by an annotation': patch({ metadata: { annotations: { note: 'x'.repeat(200_000) } } }),
      'by a finalizer': patch({ metadata: { finalizers: ['example.com/never'] } }),
      'by an owner that does not exist': patch({ metadata: { ownerReferences: [owner] } }),
      'by immutable': patch({ immutable: true }),
      'by binaryData': patch({ binaryData: { junk: 'A'.repeat(1_000_000) } }),
      'by an update': {
        method: 'PUT',
        path: keyStatePath,
        body: { metadata: { name: 'pullpass-issuer', labels: { team: 'platform' } } },
      },
    }
    const applyUnchanged = (manager: string): KubernetesRequest => ({
      method: 'PATCH',
      path: `${keyStatePath}?fieldManager=${manager}`,
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'pullpass-issuer', labels: ownLabels } },
    })
    const changesOfNoValue: Record<string, KubernetesRequest> = {
      'by removing the managed fields': patch({ metadata: { managedFields: [{}] } }),
      'by a patch that changes nothing': patch({}),
    }
    const removals = (name: string): Record<string, KubernetesRequest> => ({
      'by a patch': patch({ data: { [name]: null } }),
      'by another text': patch({ data: { [name]: '{}' } }),
      'by an update without data': {
        method: 'PUT',
        path: keyStatePath,
        body: { metadata: { name: 'pullpass-issuer', labels: ownLabels } },
      },
      'by a patch of all': patch({ data: null }),
    })

    test('an account that can write ConfigMaps changes nothing in it', async (t) => {
      const [name = ''] = Object.keys(await entries())
      await assertRefused(t, asNamespaceAdmin, {
        ...deletions,
        ...refusedWith(written, {
          ...changesOfTheRest,
          ...removals(name),
          'by revoking the key that signs': patch({ data: { 'revoked.b': '{}' } }),
          'by a date of a key': patch({ data: { 'key.b': '{}' } }),
        }),
      })
      assert.deepEqual(Object.keys(await entries()), [name])
    })

    test('an account that can revoke adds entries, and changes nothing else', async (t) => {
      const [name = ''] = Object.keys(await entries())
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`key.${at}`, '{}']))
      const limit = 'the state of issuer watch has at most 400 entries of 4096 characters'
      await assertRefused(t, asOperator, {
        ...deletions,
        ...refusedWith(kept, changesOfTheRest),
        ...refusedWith(taken, removals(name)),
        ...refusedWith(limit, {
          'by many entries': patch({ data: many }),
          'by a long one': patch({ data: { 'revoked.junk': 'x'.repeat(4_097) } }),
        }),
      })
      assert.deepEqual(Object.keys(await entries()), [name])
    })

    test('a tenant adds no field manager, and those of others do not block writes', async (t) => {
      const managers = async () => {
        const { metadata }: StoredObject = JSON.parse((await admin({ path: keyStatePath })).body)
        return (metadata.managedFields ?? []).map(({ manager }) => manager)
      }
      const before = await managers()
      const names = Array.from({ length: 12 }, (_, at) => `manager-${at}`)
      const applies = Object.fromEntries(names.map((name) => [`by an apply of ${name}`, applyUnchanged(name)]))
      await assertRefused(t, asNamespaceAdmin, refusedWith(written, { ...changesOfNoValue, ...applies }))
      assert.deepEqual(await managers(), before)

      await admin(patch({ metadata: { managedFields: [{}] } }))
      for (const name of names) await admin(applyUnchanged(name))
      assert.deepEqual((await managers()).toSorted(), ['before-first-apply', ...names].toSorted())
      for (const data of [{ 'key.a': '{}' }, { 'key.a': null }]) {
        const { status, body } = await requestKubernetes(asOperator, {
          ...patch({ data }),
          path: `${keyStatePath}?fieldManager=pullpass`,
        })
        assert.equal(status, 200, body)
      }
      assert.deepEqual(
        (await watch(2)).map(({ status }) => status),
        [200, 200],
      )
      const stored = Object.keys(await entries()).filter((name) => !name.startsWith('revoked.'))
      assert.equal(stored.filter((name) => name.startsWith('key.')).length, 2, stored.join())
      const data = Object.fromEntries(stored.map((name) => [name, null]))
      await admin(patch({ metadata: { managedFields: [{}] }, data }))
    })

    test('an operator with the verb stores and removes keys, and adds revocations', async () => {
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

    test('other ConfigMaps are not restricted', async () => {
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

    test('filled with labels before the policy existed: revoke fails without retries, its fix removes them, and a watch is not ready', async (t) => {
      await fillWithLabels(send, patch)
      const ready = await watch(3)
      assert.deepEqual(
        ready.map(({ status }) => status),
        [200, 503, 503],
      )
      assert.match(ready[0]?.text ?? '', /^KEY_STATE_UNWRITABLE: OBJECT_TOO_LARGE: /m)

      const startedMs = Date.now()
      const failed = await revoke('other')
      assert.equal(failed.exitCode, 1)
      assert.match(
        failed.stderr,
        /^OBJECT_TOO_LARGE \(kubernetes\): ConfigMap pullpass-system\/pullpass-issuer would be larger/,
      )
      const tookMs = Date.now() - startedMs
      t.diagnostic(`revoke failed after ${tookMs} ms`)
      assert.ok(tookMs < limitMs, `${tookMs} ms`)

      const [, command = ''] =
        / remove what pullpass did not write: (kubectl .* replace -f -)$/m.exec(failed.stderr) ?? []
      await runSuccessfully('sh', ['-c', command], { environment: { KUBECONFIG: adminKubeconfig } })
      assert.equal((await revoke('other')).exitCode, 0)
      assert.deepEqual(
        (await watch(2)).map(({ status }) => status),
        [200, 200],
      )
    })

    test('cluster-admin removes a revocation and deletes it, no account without the verb creates it, and the namespace can be deleted', async (t) => {
      await admin(patch({ data: { 'revoked.a': null } }))
      await admin({ method: 'DELETE', path: keyStatePath })
      const create = (fields: object): KubernetesRequest => ({
        method: 'POST',
        path: maps,
        body: { metadata: { name: 'pullpass-issuer' }, ...fields },
      })
      const metadata = { name: 'pullpass-issuer', labels: manyLabels(21) }
      await assertRefused(t, asNamespaceAdmin, {
        ...refusedWith(written, {
          'by creating it with an entry': create({ data: { 'revoked.a': '{}' } }),
          'by creating it empty': create({}),
        }),
      })
      await assertRefused(t, asOperator, refusedWith(kept, { 'by creating it with many labels': create({ metadata }) }))
      await admin(create({ data: { 'revoked.a': '{}' } }))
      await admin({ method: 'DELETE', path: '/api/v1/namespaces/pullpass-system' })
      const isGone = async () =>
        (await send({ path: '/api/v1/namespaces/pullpass-system' })).status === 404 || undefined
      await waitUntil('the namespace to be gone', 60_000, isGone)
    })
  })
})

/** It takes 0.1 s on an idle machine; with retries until the timeout of the run it would take two minutes. */
const limitMs = 10_000

/** Adds labels up to the size limit of etcd: large ones first, then smaller ones, until no more is accepted. */
async function fillWithLabels(
  send: (request: KubernetesRequest) => Promise<{ readonly status: number }>,
  patch: (body: object) => KubernetesRequest,
): Promise<void> {
  const large = Object.entries(manyLabels(4_294))
  let [used, small] = [0, 0]
  for (const count of [1_000, 100, 10, 1]) {
    const next = () => patch({ metadata: { labels: Object.fromEntries(large.slice(used, used + count)) } })
    while ((await send(next())).status === 200) used += count
  }
  for (const length of [60, 20, 1]) {
    const next = () => patch({ metadata: { labels: { [`s${small}${'s'.repeat(length)}`]: '' } } })
    while ((await send(next())).status === 200) small += 1
  }
}
