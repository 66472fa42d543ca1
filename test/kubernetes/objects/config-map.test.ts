import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { manyLabels } from '../../../e2e/contract/kubernetes-cluster.ts'
import { readConfigMap, writeConfigMap } from '../../../src/kubernetes/objects/config-map.ts'
import { openSandboxCluster, openTestCluster } from '../open-test-cluster.ts'

const map = { namespace: 'default', name: 'pullpass-trust' }

suite('a ConfigMap as a key-value store', () => {
  test('is empty where it does not exist, and made with its first key', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    assert.deepEqual(await readConfigMap(cluster, map), {})
    await writeConfigMap(cluster, map, { one: '1' })
    assert.deepEqual(await readConfigMap(cluster, map), { one: '1' })
    const { metadata } = api.store.read('ConfigMap', 'default', 'pullpass-trust') ?? {}
    assert.deepEqual(metadata?.labels, { 'app.kubernetes.io/managed-by': 'pullpass' })
  })

  test('keeps the keys that are not written, and loses those that are taken away', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    await writeConfigMap(cluster, map, { one: '1', two: '2' })
    await writeConfigMap(cluster, map, { two: undefined, three: '3' })
    assert.deepEqual(await readConfigMap(cluster, map), { one: '1', three: '3' })
  })

  test('is not made to take a key away', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    await writeConfigMap(cluster, map, { one: undefined })
    assert.equal(api.store.read('ConfigMap', 'default', 'pullpass-trust'), undefined)
  })

  test('that another client creates and deletes each time is an error', async (t) => {
    const { cluster } = await openTestCluster(t, async ({ method }) => ({
      status: method === 'PATCH' ? 404 : 409,
      body: {},
    }))
    await assert.rejects(writeConfigMap(cluster, map, { one: '1' }), { code: 'KUBERNETES_REFUSED' })
  })

  test('that is larger than any can be is named, with what shows it', async (t) => {
    const { cluster } = await openTestCluster(t, async () => ({ status: 200, body: 'x'.repeat(9_000_000) }))
    await assert.rejects(readConfigMap(cluster, map), {
      code: 'RESPONSE_TOO_LARGE',
      seen: `${cluster.server} returned more than 8388608 bytes for ConfigMap default/pullpass-trust`,
      expected: 'a ConfigMap, which takes 1 MiB',
      hint: 'find which entries fill it: kubectl -n default describe configmap pullpass-trust',
    })
  })

  test('a write that exceeds the limit of etcd fails without retries', async (t) => {
    const { cluster, api, context } = await openSandboxCluster(t)
    const metadata = { ...map, labels: manyLabels(4_294) }
    api.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} })
    await assert.rejects(writeConfigMap(cluster, map, { one: '1' }), {
      code: 'OBJECT_TOO_LARGE',
      seen: 'ConfigMap default/pullpass-trust would be larger than the cluster stores: "etcdserver: request is too large"',
    })
    assert.deepEqual(context.slept, [])
  })

  test('a dry run that an admission webhook does not support states nothing about the write', async (t) => {
    const message = 'admission webhook "x.example.com" does not support dry run'
    const body = { kind: 'Status', status: 'Failure', reason: 'BadRequest', message, code: 400 }
    const { cluster } = await openTestCluster(t, async () => ({ status: 400, body }))
    await writeConfigMap(cluster, map, { one: '1' }, { dryRun: 'all' })
  })

  test('a dry run that is refused for another reason is an error, though the status is the same', async (t) => {
    const body = { kind: 'Status', status: 'Failure', reason: 'BadRequest', message: 'no such field', code: 400 }
    const { cluster } = await openTestCluster(t, async () => ({ status: 400, body }))
    await assert.rejects(writeConfigMap(cluster, map, { one: '1' }, { dryRun: 'all' }), { code: 'KUBERNETES_REFUSED' })
  })

  test('in a namespace that does not exist is refused', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    await assert.rejects(writeConfigMap(cluster, { ...map, namespace: 'team-z' }, { one: '1' }), {
      code: 'NAMESPACE_NOT_FOUND',
    })
  })
})
