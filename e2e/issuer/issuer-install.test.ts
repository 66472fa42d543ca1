/**
 * deploy/issuer and deploy/issuer-serve in a real API server: they need all of their permissions and no others, and each missing
 * one is reported.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { manyLabels } from '../contract/kubernetes-cluster.ts'
import { assertRefused, requestToken } from '../install/attack.ts'
import { ownEvents, ownTokens, refusedToIssuerAsClusterAdmin } from '../install/attacks.ts'
import { createServiceAccount } from '../install/cluster-objects.ts'
import { assertEachPermissionNeeded } from '../install/remove-permissions.ts'
import { readDeployed, runOneRound, startIssuerSetup } from '../install/start-issuer-setup.ts'
import { type KubernetesRequest, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { runSuccessfully } from '../parts/process/run-program.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'

/** There is no controller that creates it. */
async function createDefaultAccount(
  { admin }: Pick<Parameters<typeof createServiceAccount>[0], 'admin'>,
  namespace: string,
) {
  const { body } = await admin({ path: `/api/v1/namespaces/${namespace}/serviceaccounts` })
  const { items }: { items: readonly { readonly metadata: { readonly name: string } }[] } = JSON.parse(body)
  if (!items.some(({ metadata }) => metadata.name === 'default')) {
    await createServiceAccount({ admin }, namespace, 'default')
  }
}

const mapOf = (name: string) => `/api/v1/namespaces/pullpass-system/configmaps/${name}`
const userOf = (name: string) => `system:serviceaccount:pullpass-system:${name}`
const contentType = 'application/merge-patch+json'

interface StoredObject {
  readonly metadata: { readonly managedFields?: readonly { readonly manager: string }[] }
}

/** Each Deployment with replaced arguments; tokens have another issuer, and the CA bundle has two CAs: both are alarms. */
const installations = {
  'deploy/issuer': {
    account: 'pullpass-issuer',
    maps: ['pullpass-issuer'],
    // The folder replaces the bucket.
    argReplacements: (folder: string) => ({
      '--to=': `--to=${join(folder, 'public')}`,
      '--log-level': '--issuer-url=https://oidc.example.com/cluster-1',
      '--health-listen': undefined,
    }),
    expectedCodes: ['TOKEN_ISSUER_MISMATCH', 'AUTHORITY_CHANGED'],
  },
  'deploy/issuer-serve': {
    account: 'pullpass-issuer-serve',
    maps: ['pullpass-issuer', 'pullpass-issuer-served'],
    argReplacements: () => ({
      '--issuer-url=': '--issuer-url=https://127.0.0.1:1/cluster-1',
      '--listen=': '--listen=0',
      '--health-listen': undefined,
    }),
    expectedCodes: ['TOKEN_ISSUER_MISMATCH', 'AUTHORITY_CHANGED', 'PUBLISHED_MISMATCH'], // no proxy forwards to it
  },
} as const

await withRealPart('an API server and kubectl', startIssuerSetup, (setup) => {
  const { admin, connectAsEditor, connectAs, write, kubectl, kubeconfigOf, folder } = setup
  let connectingAsEditor: ReturnType<typeof connectAsEditor> | undefined
  const editor = () => (connectingAsEditor ??= connectAsEditor())
  for (const [name, { account, maps, argReplacements, expectedCodes }] of Object.entries(installations)) {
    suite(name, () => {
      test('kubectl applies it without warnings of the API server', async () => {
        const applied = await kubectl('apply', '--server-side', '-k', name)
        assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
      })

      test('its namespace admits its Pod, which is restricted', async () => {
        const template = (await readDeployed(name)).find(({ kind }) => kind === 'Deployment')?.spec?.template
        const metadata = { name: 'one', namespace: 'pullpass-system' }
        const file = await write('pod.json', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...template, metadata }))
        const created = await kubectl('create', '--dry-run=server', '-f', file)
        assert.deepEqual([created.exitCode, created.stderr], [0, ''])
      })

      test('without any one of its permissions it reports which; with all of them it publishes and stores', async (t) => {
        const objects = await readDeployed(name)
        const kubeconfig = await kubeconfigOf(account)
        const refresh = async () =>
          await runOneRound({ objects, kubeconfig, argReplacements: argReplacements(folder), expectedCodes })
        assert.deepEqual(await refresh(), { exitCode: 0, stderr: '' })
        for (const map of maps) {
          const { data }: { data: object } = JSON.parse((await admin({ path: mapOf(map) })).body)
          const keys = Object.keys(data).filter((entry) => !['authorities', 'servers'].includes(entry))
          assert.equal(keys.length, 1, keys.join())
        }
        const events = await admin({ path: '/api/v1/namespaces/pullpass-system/events' })
        assert.match(events.body, /"reason":"TokenIssuerMismatch"/)

        await waitUntil('the policy of the key state to be enforced', 20_000, async () => {
          const path = `${mapOf('pullpass-issuer')}?dryRun=All`
          const body = { data: { 'key.a': '{}' } }
          const response = await requestKubernetes(await editor(), { method: 'PATCH', path, contentType, body })
          return response.status === 403 || undefined
        })
        const reset = async () => {
          for (const map of maps) await admin({ method: 'PATCH', path: mapOf(map), contentType, body: { data: null } })
        }
        await assertEachPermissionNeeded(t, {
          setup: { admin },
          installation: { objects, refresh },
          user: userOf(account),
          reset,
        })
      })
    })
  }

  for (const [name, { account }] of Object.entries(installations)) {
    suite(`the account of ${name}`, () => {
      test('requests only the short-lived token that it needs', async (t) => {
        const attacker = await connectAs(account)
        await assertRefused(t, attacker, ownTokens(account, attacker))
        const needed = requestToken('pullpass-system', account, { audiences: ['pullpass.dev/issuer'] })
        assert.equal((await requestKubernetes(attacker, needed)).status, 201)
      })

      test('creates only Events about its key state', async (t) => {
        await assertRefused(t, await connectAs(account), ownEvents(account))
      })

      test('even as cluster-admin writes no Secret and no ServiceAccount, and requests no other account’s token', async (t) => {
        const binding = {
          metadata: { name: `mistake-${account}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'pullpass-system' }],
        }
        const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
        await admin({ method: 'POST', path, body: binding })
        t.after(() => admin({ method: 'DELETE', path: `${path}/${binding.metadata.name}` }))
        for (const namespace of ['default', 'pullpass-system', 'kube-system'])
          await createDefaultAccount({ admin }, namespace)
        await assertRefused(t, await connectAs(account), refusedToIssuerAsClusterAdmin(account))
      })
    })
  }

  suite('the keys that deploy/issuer-serve serves', () => {
    const served = mapOf('pullpass-issuer-served')
    const forged = { data: { 'jwks.json': '{"keys":[]}' } }
    const applyUnchanged = (manager: string): KubernetesRequest => ({
      method: 'PATCH',
      path: `${served}?fieldManager=${manager}`,
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'pullpass-issuer-served', labels: { 'app.kubernetes.io/name': 'pullpass' } },
      },
    })
    const listManagers = async () => {
      const { metadata }: StoredObject = JSON.parse((await admin({ path: served })).body)
      return (metadata.managedFields ?? []).map(({ manager }) => manager)
    }
    const runServeRound = async () => {
      const kubeconfig = await kubeconfigOf('pullpass-issuer-serve')
      const { argReplacements, expectedCodes } = installations['deploy/issuer-serve']
      return await runOneRound({
        objects: await readDeployed('deploy/issuer-serve'),
        kubeconfig,
        argReplacements: argReplacements(),
        expectedCodes,
      })
    }

    before(async () => {
      // A policy takes effect a moment after it was applied.
      const probe = { method: 'PATCH', path: `${served}?dryRun=All`, contentType, body: forged } as const
      await waitUntil('the policy to hold', 20_000, async () => {
        const response = await admin(probe).catch((refused: unknown) => String(refused))
        return typeof response === 'string' || undefined
      })
      await runServeRound()
    })

    const add = /only pullpass issuer serve may write the keys that it serves/
    // The first of them is denied.
    const takeAway = /requires the verb (clear on served|pardon on revocations)\.pullpass\.dev/

    test('set immutable before the policy existed, they and the key state are recreated by the printed commands', async () => {
      const revoked = { [`revoked.${'A'.repeat(43)}`]: '{}' }
      const freeze = async (path: string, data: object | null) =>
        await admin({ method: 'PATCH', path, contentType, body: { data, immutable: true } })
      await freeze(served, null)
      await admin({ method: 'PATCH', path: mapOf('pullpass-issuer'), contentType, body: { data: null } })
      await freeze(mapOf('pullpass-issuer'), revoked)
      const { stderr } = await runServeRound()
      const commands = [...stderr.matchAll(/ and create it again: (kubectl .*? replace --force -f -)$/gm)]
      assert.equal(commands.length, 2, stderr)
      const environment = { KUBECONFIG: join(folder, 'admin') }
      for (const [, command = ''] of commands) await runSuccessfully('sh', ['-c', command], { environment })
      assert.deepEqual(await runServeRound(), { exitCode: 0, stderr: '' })
      const { data }: { data: object } = JSON.parse((await admin({ path: mapOf('pullpass-issuer') })).body)
      assert.deepEqual(
        Object.keys(data).filter((name) => name.startsWith('revoked.')),
        Object.keys(revoked),
      )
    })

    test('cannot be extended by another account, including cluster-admin', async () => {
      await assert.rejects(admin({ method: 'PATCH', path: served, contentType, body: forged }), add)
      const { body } = await admin({ path: served })
      const taken = { ...JSON.parse(body), metadata: { name: 'pullpass-issuer-served' }, ...forged }
      await assert.rejects(admin({ method: 'PUT', path: served, body: taken }), add)
      await admin({ method: 'DELETE', path: served })
      const path = '/api/v1/namespaces/pullpass-system/configmaps'
      await assert.rejects(admin({ method: 'POST', path, body: taken }), add)
      const applied = await kubectl('apply', '--server-side', '-k', 'deploy/issuer-serve')
      assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
    })

    test('are not changed by accounts that can write ConfigMaps', async (t) => {
      await runServeRound()
      const folderOfMaps = '/api/v1/namespaces/pullpass-system/configmaps'
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'absent', uid: '00000000-0000-0000-0000-000000000000' }
      const { metadata } = JSON.parse((await admin({ path: served })).body)
      const managers = await listManagers()
      const patches: Record<string, object> = {
        'by emptying it': { data: null },
        'by a label': { metadata: { labels: { team: 'platform' } } },
        'by 4,294 labels': { metadata: { labels: manyLabels(4_294) } },
        'by an annotation': { metadata: { annotations: { note: 'theirs' } } },
        'by a finalizer': { metadata: { finalizers: ['example.com/never'] } },
        'by an owner that does not exist': { metadata: { ownerReferences: [owner] } },
        'by immutable': { immutable: true },
        'by binaryData': { binaryData: { junk: 'A'.repeat(1_000_000) } },
        'by removing the managed fields': { metadata: { managedFields: [{}] } },
        'by a patch that changes nothing': {},
      }
      const requests: Record<string, KubernetesRequest> = {
        ...Object.fromEntries(
          Object.entries(patches).map(([title, body]) => [title, { method: 'PATCH', path: served, contentType, body }]),
        ),
        'by an update': { method: 'PUT', path: served, body: { metadata: { name: metadata.name } } },
        'by an apply that changes no value': applyUnchanged('theirs'),
        'by deleting it': { method: 'DELETE', path: served },
      }
      const refusal =
        'writing or deleting the keys of pullpass issuer serve requires the verb clear on served.pullpass.dev'
      await assertRefused(
        t,
        await editor(),
        Object.fromEntries(Object.entries(requests).map(([title, request]) => [title, { request, refusal }])),
      )
      const all = await requestKubernetes(await editor(), { method: 'DELETE', path: folderOfMaps })
      assert.equal(all.status, 403)
      assert.match(all.body, takeAway)
      const { data }: { data: object } = JSON.parse((await admin({ path: served })).body)
      assert.equal(Object.keys(data).length, 1)
      assert.deepEqual(await listManagers(), managers)
      const other = { metadata: { name: 'other' }, data: { a: 'b' } }
      const created = await requestKubernetes(await editor(), { method: 'POST', path: folderOfMaps, body: other })
      assert.equal(created.status, 201)
    })

    test('are written by its own account, regardless of the field managers that others added', async () => {
      await admin({
        method: 'PATCH',
        path: served,
        contentType,
        body: { metadata: { managedFields: [{}] }, data: null },
      })
      const names = Array.from({ length: 12 }, (_, at) => `manager-${at}`)
      for (const name of names) await admin(applyUnchanged(name))
      assert.equal((await listManagers()).length, 13)
      assert.deepEqual(await runServeRound(), { exitCode: 0, stderr: '' })
      const { data }: { data: object } = JSON.parse((await admin({ path: served })).body)
      assert.equal(Object.keys(data).length, 1)
    })

    test('its own account changes nothing but the keys', async (t) => {
      const refusal = 'requires the verb clear on served.pullpass.dev'
      await assertRefused(t, await connectAs('pullpass-issuer-serve'), {
        'by a label': {
          request: { method: 'PATCH', path: served, contentType, body: { metadata: { labels: { team: 'platform' } } } },
          refusal,
        },
        'by immutable': { request: { method: 'PATCH', path: served, contentType, body: { immutable: true } }, refusal },
      })
    })
  })
})
