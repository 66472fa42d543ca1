import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfigMap, readConfigMapEntry, writeConfigMap } from '../../../src/kubernetes/objects/config-map.ts'
import { openSandboxCluster } from '../open-test-cluster.ts'

const map = { namespace: 'default', name: 'pullpass-trust' }

test('a ConfigMap as a key-value store is read and written up to the size limit of a ConfigMap, with any entries of others', async (t) => {
  const { cluster, api } = await openSandboxCluster(t)
  const metadata = { ...map, annotations: { junk: '\u0001'.repeat(262_000) } }
  const data = { one: '1', junk: '\u0001'.repeat(1_048_000) }
  api.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
  await writeConfigMap(cluster, map, { one: '2' })
  assert.equal((await readConfigMap(cluster, map))['one'], '2')
  assert.equal((await readConfigMapEntry(cluster, map, 'one')).text, '2')
})
