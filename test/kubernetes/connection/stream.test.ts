import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { SandboxHandler, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Cluster, ClusterStream, ClusterStreamRequest } from '../../../src/kubernetes/connection/cluster.ts'
import { clusterProxy } from '../../../src/kubernetes/kubeconfig/proxy.ts'
import { startTunnelProxy } from '../../support/tunnel-proxy.ts'
import { openTestCluster, type TestClusterSettings } from '../open-test-cluster.ts'

const protocols = ['http2', 'https', 'http'] as const

/** Sends these pieces, one at a time; then the response ends, breaks or stalls. */
const stream =
  (pieces: readonly string[], then: 'end' | 'break' | 'silence' = 'end'): SandboxHandler =>
  ({ signal }) => ({
    status: 200,
    body: (async function* () {
      for (const piece of pieces) {
        yield piece
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (then === 'break') throw new Error('the API server stopped')
      if (then === 'silence') await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    })(),
  })

async function open(
  t: TestContext,
  handler: SandboxHandler,
  { settings = {}, ...request }: Partial<ClusterStreamRequest> & { readonly settings?: TestClusterSettings } = {},
) {
  const opened = await openTestCluster(t, handler, settings)
  const response = await opened.cluster.stream({
    path: '/watch',
    maxLineBytes: 1_000,
    idleTimeoutMs: 5_000,
    ...request,
  })
  return { ...opened, response }
}

async function linesOf(response: Awaited<ReturnType<Cluster['stream']>>, count = Number.POSITIVE_INFINITY) {
  const lines: string[] = []
  for await (const line of asStream(response).lines) {
    lines.push(line)
    if (lines.length === count) break
  }
  return lines
}

function asStream(response: Awaited<ReturnType<Cluster['stream']>>): ClusterStream {
  assert.ok('lines' in response, `responded with ${response.status}`)
  return response
}

for (const protocol of protocols) {
  suite(`a stream over ${protocol}`, () => {
    test('has its lines, wherever they are cut on the way, and ends with its response', async (t) => {
      const { response } = await open(t, stream(['{"a":1}\n{"b"', ':"é', '"}\n', '\n{"c":3}\n{"d":4}']), {
        settings: { protocol },
      })
      assert.deepEqual(await linesOf(response), ['{"a":1}', '{"b":"é"}', '', '{"c":3}', '{"d":4}'])
    })

    test('delivers a line before the next one is sent', async (t) => {
      let goOn = () => {}
      const read = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const handler = (): SandboxResponse => ({
        status: 200,
        body: (async function* () {
          yield 'one\n'
          await read
          yield 'two\n'
        })(),
      })
      const { response } = await open(t, handler, { settings: { protocol } })
      const { lines } = asStream(response)
      assert.equal((await lines.next()).value, 'one')
      goOn()
      assert.equal((await lines.next()).value, 'two')
      assert.equal((await lines.next()).done, true)
    })

    test('that breaks is an error, after the lines that came whole', async (t) => {
      const { response } = await open(t, stream(['one\n', 'tw'], 'break'), { settings: { protocol } })
      const { lines } = asStream(response)
      assert.equal((await lines.next()).value, 'one')
      await assert.rejects(lines.next(), { code: 'KUBERNETES_UNREACHABLE', retryable: true })
    })

    test('that falls silent is an error', async (t) => {
      const { response } = await open(t, stream(['one\n'], 'silence'), { settings: { protocol }, idleTimeoutMs: 50 })
      await assert.rejects(linesOf(response), {
        code: 'KUBERNETES_UNREACHABLE',
        seen: /nothing was received for 0\.05 s$/,
      })
    })

    test('may be silent for as long as is allowed after it was opened', async (t) => {
      const { response } = await open(t, stream(['one\n'], 'silence'), {
        settings: { protocol },
        idleTimeoutMs: 60_000,
      })
      const { lines, allowSilence } = asStream(response)
      await lines.next()
      allowSilence(50)
      await assert.rejects(lines.next(), { code: 'KUBERNETES_UNREACHABLE', seen: /nothing was received for 0\.05 s$/ })
    })

    test('with a line that is too long is an error, however it is sent', async (t) => {
      const { response } = await open(
        t,
        stream(['short\n', ...Array.from({ length: 20 }, () => 'x'.repeat(100))], 'silence'),
        {
          settings: { protocol },
        },
      )
      const { lines } = asStream(response)
      assert.equal((await lines.next()).value, 'short')
      await assert.rejects(lines.next(), { code: 'RESPONSE_TOO_LARGE', seen: /more than 1000 bytes/ })
    })

    // Without TLS it is the same code, and the kernel holds more of the stream.
    if (protocol !== 'http')
      test('is not sent faster than it is read', async (t) => {
        let sent = 0
        const line = `${'x'.repeat(64 * 1024)}\n`
        const handler = (): SandboxResponse => ({
          status: 200,
          body: (async function* () {
            for (; sent < 200; sent++) yield line
          })(),
        })
        const { response } = await open(t, handler, { settings: { protocol }, maxLineBytes: 100_000 })
        const { lines } = asStream(response)
        await lines.next()
        let before = -1
        while (before !== sent) {
          before = sent
          await new Promise((resolve) => setTimeout(resolve, 20)) // until the server has filled every buffer
        }
        assert.ok(sent < 100, `${sent} of 200 lines of 64 KiB were sent`)
        let read = 1
        while (!(await lines.next()).done) read += 1
        assert.equal(read, 200)
      })

    test('is opened after a failure that passes; another status is a response', async (t) => {
      const replies: SandboxResponse[] = [
        { status: 503, body: 'busy' },
        { status: 410, body: { kind: 'Status', code: 410 } },
      ]
      const { response, part } = await open(t, () => replies.shift() ?? { status: 500 }, { settings: { protocol } })
      assert.deepEqual(response, { status: 410, body: '{"kind":"Status","code":410}' })
      assert.equal(part.seen.length, 2)
    })

    test('ends by its signal, with its reason, and the server sees it', async (t) => {
      const end = new AbortController()
      const ended = Promise.withResolvers<void>()
      const { response } = await open(
        t,
        (request) => {
          request.signal.addEventListener('abort', () => ended.resolve(), { once: true })
          return stream(['one\n'], 'silence')(request)
        },
        { settings: { protocol }, signal: end.signal },
      )
      const { lines } = asStream(response)
      await lines.next()
      const reason = new Error('the controller stops')
      const pending = lines.next()
      end.abort(reason)
      await assert.rejects(pending, reason)
      await ended.promise
    })

    test('that is not read any more is closed at the server', async (t) => {
      const ended = Promise.withResolvers<void>()
      const { response } = await open(
        t,
        (request) => {
          request.signal.addEventListener('abort', () => ended.resolve(), { once: true })
          return stream(['one\n'], 'silence')(request)
        },
        { settings: { protocol } },
      )
      assert.deepEqual(await linesOf(response, 1), ['one'])
      await ended.promise
    })

    test('does not count toward the limit of requests, also if they are sent one at a time', async (t) => {
      const handler: SandboxHandler = (request) =>
        request.path === '/watch' ? stream(['one\n'], 'silence')(request) : { status: 200, body: {} }
      const { response, cluster } = await open(t, handler, { settings: { protocol, limits: { inFlight: 1 } } })
      const { lines, close } = asStream(response)
      await lines.next()
      assert.equal((await cluster.request({ method: 'GET', path: '/version' })).status, 200)
      close()
    })

    test('ends with the run, and with its cluster', async (t) => {
      for (const stop of ['run', 'cluster'] as const) {
        const run = new AbortController()
        const { response, cluster } = await open(t, stream(['one\n'], 'silence'), {
          settings: { protocol, signal: run.signal },
        })
        const { lines } = asStream(response)
        await lines.next()
        const pending = lines.next()
        const reason = new Error('interrupted')
        if (stop === 'run') run.abort(reason)
        else void cluster.close()
        await assert.rejects(pending, stop === 'run' ? reason : { code: 'KUBERNETES_UNREACHABLE' })
      }
    })
  })
}

suite('streams over http2', () => {
  test('leave a connection to requests, also if they are more than the server allows on one', async (t) => {
    const handler: SandboxHandler = (request) =>
      request.path === '/watch' ? stream(['one\n'], 'silence')(request) : { status: 200, body: {} }
    const { response, cluster } = await open(t, handler)
    const more = await Promise.all(
      Array.from({ length: 109 }, () => cluster.stream({ path: '/watch', maxLineBytes: 1_000, idleTimeoutMs: 5_000 })),
    )
    const streams = [response, ...more].map(asStream)
    for (const { lines } of streams) assert.equal((await lines.next()).value, 'one')
    assert.equal((await cluster.request({ method: 'GET', path: '/version' })).status, 200)
    for (const { close } of streams) close()
  })
})

suite('a stream through a kubeconfig’s proxy', () => {
  test('delivers its lines while requests run', async (t) => {
    const proxy = await startTunnelProxy(t)
    const handler: SandboxHandler = (request) =>
      request.path === '/watch' ? stream(['one\n', 'two\n'])(request) : { status: 200, body: {} }
    const direct = await openTestCluster(t, handler)
    const access = {
      ...direct.access,
      proxy: clusterProxy(direct.access.server, { url: proxy.url, source: 'HTTPS_PROXY' }),
    }
    const { response, cluster } = await open(t, handler, { settings: { access } })
    assert.equal((await cluster.request({ method: 'GET', path: '/version' })).status, 200)
    assert.deepEqual(await linesOf(response), ['one', 'two'])
    assert.equal(proxy.tunnels.length, 2)
  })
})
