import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { openTestCluster, type TestClusterSettings } from '../open-test-cluster.ts'

const open = (t: TestContext, settings?: TestClusterSettings) =>
  openTestCluster(t, () => ({ status: 200, body: { kind: 'Status' } }), settings)

const get = (cluster: Cluster, path = '/version') => cluster.request({ method: 'GET', path })

const change = (cluster: Cluster, path = '/') => cluster.request({ method: 'PATCH', path, body: '{}' })

const protocols = ['http2', 'https', 'http'] as const

suite('an interrupted run', () => {
  test('changes under way finish, those that wait are not begun', async (t) => {
    const stop = new AbortController()
    const begun = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const handler = async () => {
      begun.resolve()
      await release.promise
      return { status: 200 }
    }
    const { cluster, part } = await openTestCluster(t, handler, { limits: { inFlight: 1 }, signal: stop.signal })
    const underWay = change(cluster, '/under-way')
    const waiting = get(cluster, '/waiting')
    await begun.promise
    stop.abort(new Error('interrupted'))
    await assert.rejects(waiting, { message: 'interrupted' })
    await assert.rejects(get(cluster, '/later'), { message: 'interrupted' })
    release.resolve()
    assert.equal((await underWay).status, 200)
    assert.deepEqual(
      part.seen.map(({ path }) => path),
      ['/under-way'],
    )
  })

  for (const protocol of protocols) {
    for (const at of ['request', 'body'] as const) {
      test(`a request that stops at its ${at} over ${protocol} is ended when its grace is over`, async (t) => {
        const stop = new AbortController()
        const { cluster, part } = await open(t, { protocol, limits: { graceMs: 20 }, signal: stop.signal })
        part.faults.inject({ kind: 'stall', at })
        const stalled = change(cluster)
        await part.whenSeen()
        stop.abort(new Error('interrupted'))
        await assert.rejects(stalled, { message: 'interrupted' })
      })
    }

    test(`a read over ${protocol} is not waited for`, async (t) => {
      const stop = new AbortController()
      const { cluster, part } = await open(t, { protocol, limits: { graceMs: 600_000 }, signal: stop.signal })
      part.faults.inject({ kind: 'stall', at: 'request' })
      const stalled = get(cluster)
      await part.whenSeen()
      stop.abort(new Error('interrupted'))
      await assert.rejects(stalled, { message: 'interrupted' })
    })
  }

  test('a connection that is being made is given up', async (t) => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    t.after(() => silent.close())
    const address = silent.address()
    assert.ok(typeof address === 'object' && address !== null)
    const stop = new AbortController()
    const { access } = await open(t)
    const server = new URL(`https://127.0.0.1:${address.port}`)
    const { cluster } = await open(t, {
      access: { ...access, server },
      limits: { graceMs: 600_000 },
      signal: stop.signal,
    })
    const reached = once(silent, 'connection')
    const waiting = get(cluster)
    const [socket] = await reached
    socket.resume()
    stop.abort(new Error('interrupted'))
    await assert.rejects(waiting, { message: 'interrupted' })
    await once(socket, 'close')
  })
})
