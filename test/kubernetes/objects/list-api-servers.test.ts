import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listApiServers } from '../../../src/kubernetes/objects/api-servers.ts'
import { openSandboxCluster } from '../open-test-cluster.ts'

const sliceOf = (name: string, addresses: readonly string[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  ports: [{ port: 6443 }],
  endpoints: [{ addresses, conditions: { ready: true } }],
})
const real = ['192.0.2.1', '192.0.2.2', '192.0.2.3']
const hosts = (urls: readonly URL[]) => urls.slice(0, 3).map(({ hostname }) => hostname)

suite('the API servers of a cluster', () => {
  const crowds = {
    'with many addresses': [
      sliceOf(
        'aaa',
        Array.from({ length: 40 }, (_, at) => `10.66.0.${at + 1}`),
      ),
    ],
    'in slices too large to be read': Array.from({ length: 12 }, (_none, slice) =>
      sliceOf(
        `aaa-${slice}`,
        Array.from({ length: 9_000 }, (_, at) => `10.66.${at >> 8}.${at & 255}`),
      ),
    ),
    'in more slices than a page holds': Array.from({ length: 60 }, (_, at) =>
      sliceOf(`aaa-${at}`, [`10.66.0.${at + 1}`]),
    ),
  }
  for (const [title, crowd] of Object.entries(crowds)) {
    test(`are those of the slice that they maintain themselves, before slices of other writers ${title}`, async (t) => {
      const { cluster, api } = await openSandboxCluster(t)
      for (const slice of [...crowd, sliceOf('kubernetes', real)]) api.seed(slice)
      const urls = await listApiServers(cluster)
      assert.deepEqual(hosts(urls), real)
      assert.ok(urls.length <= 32)
    })
  }

  test('are those of any slice of the Service, where there is none of that name', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    api.seed(sliceOf('kubernetes-by-hand', real))
    assert.deepEqual(hosts(await listApiServers(cluster)), real)
  })
})
