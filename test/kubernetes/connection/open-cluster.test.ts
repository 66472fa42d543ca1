import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { throttled } from '../../../sandbox/serve/faults.ts'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { openTestCluster, type TestClusterSettings } from '../open-test-cluster.ts'

const echo = ({ method, path, query, headers, body }: SandboxRequest) => ({
  status: 200,
  body: { method, path, query: query.toString(), type: headers['content-type'], body: body.toString() },
})

const open = (t: TestContext, settings?: TestClusterSettings) => openTestCluster(t, echo, settings)

const get = (cluster: Cluster, path = '/version') => cluster.request({ method: 'GET', path })

const protocols = ['http2', 'https', 'http'] as const

for (const protocol of protocols) {
  suite(`the API server over ${protocol}`, () => {
    test('a request arrives completely, and its response is returned', async (t) => {
      const { cluster } = await open(t, { protocol })
      const response = await cluster.request({
        method: 'PATCH',
        path: '/api/v1/namespaces/a?dryRun=All',
        contentType: 'application/merge-patch+json',
        body: () => new Redacted('{"ä":1}'),
      })
      assert.equal(response.status, 200)
      assert.deepEqual(JSON.parse(response.body), {
        method: 'PATCH',
        path: '/api/v1/namespaces/a',
        query: 'dryRun=All',
        type: 'application/merge-patch+json',
        body: '{"ä":1}',
      })
    })

    test('a hundred namespaces are requested concurrently, each with its own response', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      const responses = await Promise.all(Array.from({ length: 100 }, (_, i) => get(cluster, `/namespace-${i}`)))
      assert.deepEqual(
        responses.map(({ body }) => JSON.parse(body).path),
        Array.from({ length: 100 }, (_, i) => `/namespace-${i}`),
      )
      assert.equal(part.seen.length, 100)
    })

    test('a connection that is reset costs no request: it is made again on a new one', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      part.faults.inject({ kind: 'reset', at: 'request' }, { when: ({ path }) => path === '/namespace-7', times: 1 })
      const responses = await Promise.all(Array.from({ length: 20 }, (_, i) => get(cluster, `/namespace-${i}`)))
      assert.deepEqual(
        responses.map(({ status }) => status),
        Array.from({ length: 20 }, () => 200),
      )
    })

    test('a response that is lost with its connection is requested again', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      part.faults.inject({ kind: 'reset', at: 'response' }, { times: 1 })
      assert.equal((await get(cluster)).status, 200)
    })

    test('an incomplete response is requested again', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      part.faults.inject({ kind: 'truncate' }, { times: 1 })
      assert.equal(JSON.parse((await get(cluster)).body).path, '/version')
    })

    test('a server that stops responding is disconnected after a timeout, and the request is retried', async (t) => {
      const { cluster, part } = await open(t, { protocol, limits: { idleTimeoutMs: 50 } })
      part.faults.inject({ kind: 'stall', at: 'request' }, { times: 1 })
      assert.equal((await get(cluster)).status, 200)
    })

    test('a response that stops in the middle is requested again after a timeout', async (t) => {
      const { cluster, part } = await open(t, { protocol, limits: { idleTimeoutMs: 50 } })
      part.faults.inject({ kind: 'stall', at: 'body' }, { times: 1 })
      assert.equal((await get(cluster)).status, 200)
    })

    test('after a GOAWAY the request is sent over a new connection', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      for (const request of ['refused', 'processed'] as const) {
        part.faults.inject({ kind: 'goaway', request }, { times: 1 })
        assert.equal((await get(cluster)).status, 200)
      }
      assert.equal((await get(cluster)).status, 200)
    })

    test('a throttled request waits for its Retry-After', async (t) => {
      const { cluster, part, context } = await open(t, { protocol })
      part.faults.inject(throttled(7), { times: 1 })
      assert.equal((await get(cluster)).status, 200)
      assert.deepEqual(context.slept, [7_000])
    })

    test('a response longer than allowed is not read completely', async (t) => {
      const { cluster, part } = await open(t, { protocol })
      part.faults.inject({ kind: 'response', response: { status: 200, body: 'x'.repeat(3_000_000) } })
      await assert.rejects(get(cluster), {
        code: 'RESPONSE_TOO_LARGE',
        seen: `${part.url} returned more than 1048576 bytes`,
      })
    })
  })
}

suite('a request to the API server', () => {
  test('a server error is retried for a while, then returned unchanged', async (t) => {
    const { cluster, part, context } = await open(t)
    part.faults.inject({ kind: 'response', response: { status: 503, body: 'starting' } })
    const { status, body } = await get(cluster)
    assert.deepEqual([status, body], [503, 'starting'])
    assert.deepEqual(context.slept.slice(0, 5), [75, 150, 300, 600, 1200])
    const sum = context.slept.reduce((total, ms) => total + ms, 0)
    assert.ok(sum > 100_000 && sum <= 120_000, `waited ${sum} ms`)
  })

  test('large responses are read one after another, others concurrently', async (t) => {
    let large = 0
    let most = 0
    const { cluster } = await openTestCluster(t, async ({ path }) => {
      if (path !== '/large') return { status: 200 }
      most = Math.max(most, ++large)
      await new Promise((resolve) => setTimeout(resolve, 5))
      large -= 1
      return { status: 200 }
    })
    const list = () => cluster.request({ method: 'GET', path: '/large', maxResponseBytes: 8 * 1024 * 1024 })
    await Promise.all([list(), list(), get(cluster), list()])
    assert.equal(most, 1)
  })

  test('what is under way when it is closed is not sent again', async (t) => {
    const requested = Promise.withResolvers<void>()
    const { cluster, part } = await openTestCluster(t, async () => {
      requested.resolve()
      return await new Promise<never>(() => undefined)
    })
    const failed = assert.rejects(cluster.request({ method: 'GET', path: '/api/v1/namespaces' }), {
      code: 'KUBERNETES_UNREACHABLE',
    })
    await requested.promise
    await cluster.close()
    await failed
    assert.equal(part.seen.length, 1)
  })

  test('a redirect is a response, and never followed', async (t) => {
    const { cluster, part } = await open(t)
    part.faults.inject({
      kind: 'response',
      response: { status: 302, headers: { location: 'https://elsewhere.example' } },
    })
    assert.equal((await get(cluster)).status, 302)
    assert.equal(part.seen.length, 1)
  })

  test('a server that never responded is retried for a shorter time', async (t) => {
    const { cluster, part, context } = await open(t)
    await part.close()
    await assert.rejects(get(cluster), {
      code: 'KUBERNETES_UNREACHABLE',
      seen: `the API server at ${part.url} did not respond: connect ECONNREFUSED 127.0.0.1:${part.port}`,
      hint: 'nothing listens there: check that the API server (or kubectl proxy) runs, and that the port is correct',
      retryable: true,
    })
    const sum = context.slept.reduce((total, ms) => total + ms, 0)
    assert.ok(sum > 5_000 && sum <= 10_000, `waited ${sum} ms`)
  })

  test('a certificate of another authority ends it immediately, and nothing is sent', async (t) => {
    const { cluster, part, context } = await open(t, { access: { trust: async () => ({ verify: 'always' }) } })
    await assert.rejects(get(cluster), {
      code: 'CERTIFICATE_UNTRUSTED',
      seen: `the certificate at ${part.url} is not trusted: UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
    })
    assert.deepEqual(context.slept, [])
    assert.deepEqual(part.seen, [])
  })

  test('insecure-skip-tls-verify takes any certificate', async (t) => {
    const { cluster } = await open(t, { access: { trust: async () => ({ verify: 'never' }) } })
    assert.equal((await get(cluster)).status, 200)
  })

  test('insecure-skip-tls-verify applies only to the server for which it is set', async (t) => {
    const { cluster } = await open(t, { access: { trust: async () => ({ verify: 'never' }) } })
    const other = await open(t)
    const replica = cluster.reconnect({ address: new URL(other.part.url) })
    t.after(() => replica.close())
    await assert.rejects(get(replica), { code: 'CERTIFICATE_UNTRUSTED' })
    assert.deepEqual(other.part.seen, [])
  })

  test('a certificate for another name is accepted if tls-server-name is that name, and refused otherwise', async (t) => {
    const { access, part, context } = await open(t)
    const { ca = '' } = await access.trust()
    const named = await openTestCluster(t, echo, {
      access: { server: new URL(part.url), trust: async () => ({ ca, serverName: 'localhost', verify: 'always' }) },
    })
    assert.equal((await get(named.cluster)).status, 200)
    const misnamed = await openTestCluster(t, echo, {
      access: { server: new URL(part.url), trust: async () => ({ ca, serverName: 'other.example', verify: 'always' }) },
    })
    await assert.rejects(get(misnamed.cluster), {
      code: 'CERTIFICATE_UNTRUSTED',
      seen: `the certificate at ${part.url} is not trusted: ERR_TLS_CERT_ALTNAME_INVALID`,
    })
    assert.deepEqual(context.slept, [])
  })

  test('a token that the server no longer accepts is read again, once', async (t) => {
    const reasons: string[] = []
    const fresh = { authorization: new Redacted('Bearer fresh') }
    const stale = { authorization: new Redacted('Bearer stale') }
    const { cluster } = await openTestCluster(
      t,
      ({ headers }) => ({ status: headers['authorization'] === 'Bearer fresh' ? 200 : 401 }),
      {
        access: {
          identify: async (because) => {
            reasons.push(because)
            return because === 'refused' ? fresh : stale
          },
        },
      },
    )
    assert.equal((await get(cluster)).status, 200)
    assert.deepEqual(reasons, ['needed', 'refused'])
  })

  test('a token that stays refused is not sent again', async (t) => {
    const { cluster, part } = await openTestCluster(t, () => ({ status: 401 }))
    assert.equal((await get(cluster)).status, 401)
    assert.equal(part.seen.length, 1)
  })

  test('a path of the server comes before the request’s, as behind Rancher', async (t) => {
    const { part, access } = await open(t)
    const { cluster } = await open(t, { access: { ...access, server: new URL(`${part.url}/k8s/clusters/c-1/`) } })
    assert.equal(
      JSON.parse((await get(cluster, '/api/v1/namespaces')).body).path,
      '/k8s/clusters/c-1/api/v1/namespaces',
    )
    assert.equal(cluster.server, `${part.url}/k8s/clusters/c-1`)
  })
})
