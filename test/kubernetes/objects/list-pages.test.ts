import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { listNamespaces } from '../../../src/kubernetes/objects/namespaces.ts'
import { openSandboxCluster, openTestCluster } from '../open-test-cluster.ts'

const namespaces = (...names: string[]) => names.map((name) => ({ metadata: { name } }))

const page = (items: object[], next = ''): SandboxResponse => ({
  status: 200,
  body: { kind: 'PartialObjectMetadataList', metadata: { continue: next }, items },
})

const expired: SandboxResponse = {
  status: 410,
  body: {
    kind: 'Status',
    status: 'Failure',
    reason: 'Expired',
    message: 'The provided continue parameter is too old',
    code: 410,
  },
}

suite('a list of the API server', () => {
  test('is read to its last page', async (t) => {
    const { cluster, addNamespaces, part } = await openSandboxCluster(t)
    const names = Array.from({ length: 1_200 }, (_, i) => `team-${String(i).padStart(4, '0')}`)
    addNamespaces(...names)
    const listed = await listNamespaces(cluster)
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['default', 'kube-system', ...names],
    )
    assert.equal(part.seen.length, 3)
  })

  test('returns labels, and which namespaces are being deleted', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    const metadata = { name: 'team-a', labels: { images: 'private' }, finalizers: ['example.dev/held'] }
    api.seed({ apiVersion: 'v1', kind: 'Namespace', metadata })
    await cluster.request({ method: 'DELETE', path: '/api/v1/namespaces/team-a' })
    const found = (await listNamespaces(cluster)).find(({ name }) => name === 'team-a')
    assert.equal(found?.labels['images'], 'private')
    assert.equal(found?.terminating, true)
  })

  test('is restarted if its continue token has expired', async (t) => {
    const responses = [page(namespaces('a'), 'next'), expired, page(namespaces('a', 'b'))]
    const { cluster } = await openTestCluster(t, () => responses.shift() ?? { status: 500 })
    const listed = await listNamespaces(cluster)
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['a', 'b'],
    )
  })

  test('whose pages go on expiring is given up', async (t) => {
    const { cluster, part } = await openTestCluster(t, ({ query }) =>
      query.has('continue') ? expired : page(namespaces('a'), 'next'),
    )
    await assert.rejects(listNamespaces(cluster), {
      code: 'KUBERNETES_UNREACHABLE',
      seen: `${cluster.server} responded with 410 in the middle of the list of namespaces, 4 times`,
      retryable: true,
    })
    assert.equal(part.seen.length, 8)
  })

  test('whose pages are too large is requested in smaller ones', async (t) => {
    const limits: string[] = []
    const response = ({ query }: SandboxRequest): SandboxResponse => {
      limits.push(query.get('limit') ?? '')
      return query.get('limit') === '5' ? page(namespaces('a')) : { status: 200, body: 'x'.repeat(8_400_000) }
    }
    const { cluster } = await openTestCluster(t, response)
    assert.equal((await listNamespaces(cluster)).length, 1)
    assert.deepEqual(limits, ['500', '50', '5'])
  })

  test('that does not end is given up before it fills the memory', async (t) => {
    const items = namespaces(...Array.from({ length: 5_000 }, () => 'a'))
    const { cluster, part } = await openTestCluster(t, () => page(items, 'next'))
    await assert.rejects(listNamespaces(cluster), {
      code: 'RESPONSE_TOO_LARGE',
      seen: `${cluster.server} returned more than 50000 namespaces`,
    })
    assert.equal(part.seen.length, 11)
  })

  test('that is HTML, or half a JSON, is none, and nothing of it is shown', async (t) => {
    for (const body of ['<html>sesame</html>', '{"items": [{"data": "sesame"', '[]', 'null']) {
      const { cluster } = await openTestCluster(t, () => ({ status: 200, body }))
      await assert.rejects(listNamespaces(cluster), {
        code: 'RESPONSE_MALFORMED',
        seen: `${cluster.server} responded with 200, ${body.length} bytes that are no object of the Kubernetes API`,
      })
    }
  })
})
