import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { suite, type TestContext, test } from 'node:test'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { openCluster } from '../../src/kubernetes/open-cluster.ts'
import { testOutside } from '../support/test-outside.ts'

interface Served {
  readonly path: string
  /** Its place on its connection: 1, 3, 5, … */
  readonly stream: number
  /** The connections in the order in which they were opened, from 0. */
  readonly connection: number
  readonly answer: () => void
  /** RFC 9113 §6.8: streams above the last one were not acted on. */
  readonly goAway: (lastStream: number) => void
  readonly refuse: () => void
}

/** A bare HTTP/2 server, so that a test says to the stream what was acted on. */
async function serve(t: TestContext, receive: (served: Served) => void, inFlight = 50) {
  const authority = await createCertificateAuthority()
  const { certificate, key } = await authority.issueServerCertificate()
  const server = http2.createSecureServer({ cert: certificate, key })
  const sessions: http2.Http2Session[] = []
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    const { session } = stream
    stream.on('error', () => {})
    assert.ok(session)
    receive({
      path: headers[':path'] ?? '',
      stream: stream.id ?? 0,
      connection: sessions.indexOf(session),
      answer: () => {
        if (stream.destroyed) return
        stream.respond({ ':status': 200 })
        stream.end('{}')
      },
      goAway: (lastStream) => session.goaway(http2.constants.NGHTTP2_NO_ERROR, lastStream),
      refuse: () => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const access = {
    server: new URL(`https://127.0.0.1:${address.port}`),
    trust: async () => ({ ca: authority.ca, verify: 'always' as const }),
    identify: async () => ({}),
  }
  const cluster = openCluster(access, testOutside(), { inFlight, timeoutMs: 5_000, graceMs: 5_000 })
  t.after(async () => {
    await cluster.close()
    for (const session of sessions) session.destroy()
    server.close()
  })
  const ask = async (path: string) => (await cluster.request({ method: 'GET', path })).status
  return { ask, sessions }
}

suite('requests over HTTP/2', () => {
  test('share one connection, a bounded number of them at a time', async (t) => {
    let underWay = 0
    let most = 0
    const { ask, sessions } = await serve(t, ({ answer }) => {
      underWay += 1
      most = Math.max(most, underWay)
      setImmediate(() => {
        underWay -= 1
        answer()
      })
    })
    const statuses = await Promise.all(Array.from({ length: 500 }, (_, i) => ask(`/${i}`)))
    assert.equal(statuses.filter((status) => status === 200).length, 500)
    assert.equal(sessions.length, 1)
    assert.ok(most > 1 && most <= 50, `${most} at a time`)
  })

  test('survive a GOAWAY: what was acted on is not sent again, what was not is sent once more', async (t) => {
    const actedOn: string[] = []
    const held: Served[] = []
    const { ask, sessions } = await serve(t, (served) => {
      if (served.connection > 0) {
        actedOn.push(served.path)
        return served.answer()
      }
      held.push(served)
      if (held.length < 10) return
      const last = held[4]?.stream ?? 0
      served.goAway(last)
      for (const each of held.filter(({ stream }) => stream <= last)) {
        actedOn.push(each.path)
        each.answer()
      }
    })
    const paths = Array.from({ length: 10 }, (_, i) => `/${i}`)
    assert.deepEqual(
      await Promise.all(paths.map(ask)),
      Array.from({ length: 10 }, () => 200),
    )
    assert.deepEqual([...actedOn].toSorted(), paths)
    assert.equal(sessions.length, 2)
  })

  test('that the server refuses for want of room are sent again, the others not', async (t) => {
    const actedOn: string[] = []
    let refused = 0
    const { ask } = await serve(t, (served) => {
      if (refused < 3 && served.path !== '/0') {
        refused += 1
        return served.refuse()
      }
      actedOn.push(served.path)
      served.answer()
    })
    const paths = Array.from({ length: 10 }, (_, i) => `/${i}`)
    assert.deepEqual(
      await Promise.all(paths.map(ask)),
      Array.from({ length: 10 }, () => 200),
    )
    assert.deepEqual([...actedOn].toSorted(), paths)
  })

  test('are not disturbed by one of them that stalls while others are answered', async (t) => {
    let stalled = false
    const { ask, sessions } = await serve(t, (served) => {
      if (served.path === '/slow' && !stalled) {
        stalled = true
        setTimeout(served.answer, 50)
      } else served.answer()
    })
    assert.deepEqual(await Promise.all([ask('/slow'), ask('/1'), ask('/2')]), [200, 200, 200])
    assert.equal(sessions.length, 1)
  })
})
