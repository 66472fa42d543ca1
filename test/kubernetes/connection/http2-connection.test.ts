import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { suite, type TestContext, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { openCluster } from '../../../src/kubernetes/connection/open-cluster.ts'
import { fakeContext } from '../../support/fake-context.ts'

interface Served {
  readonly path: string
  /** Its place on its connection: 1, 3, 5, … */
  readonly stream: number
  /** The connections in the order in which they were opened, from 0. */
  readonly connection: number
  readonly response: () => void
  /** RFC 9113 §6.8: streams above the last one were not acted on. */
  readonly goAway: (lastStream: number) => void
  readonly refuse: () => void
  /** A byte now and then, and no end. */
  readonly drip: () => void
}

/** A bare HTTP/2 server, so that a test controls which requests it processes. */
async function serve(t: TestContext, receive: (served: Served) => void, inFlight = 50) {
  const authority = await sharedAuthority()
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
      response: () => {
        if (stream.destroyed) return
        stream.respond({ ':status': 200 })
        stream.end('{}')
      },
      goAway: (lastStream) => session.goaway(http2.constants.NGHTTP2_NO_ERROR, lastStream),
      refuse: () => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM),
      drip: () => {
        stream.respond({ ':status': 200 })
        const drip = setInterval(() => stream.write(' '), 10)
        stream.once('close', () => clearInterval(drip))
      },
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
  const cluster = openCluster(access, fakeContext(), { inFlight, idleTimeoutMs: 5_000, graceMs: 5_000 })
  t.after(async () => {
    await cluster.close()
    for (const session of sessions) session.destroy()
    server.close()
  })
  const get = async (path: string) => (await cluster.request({ method: 'GET', path })).status
  return { get, cluster, sessions }
}

suite('requests over HTTP/2', () => {
  test('share one connection, a bounded number of them at a time', async (t) => {
    let underWay = 0
    let most = 0
    const { get, sessions } = await serve(t, ({ response }) => {
      underWay += 1
      most = Math.max(most, underWay)
      setImmediate(() => {
        underWay -= 1
        response()
      })
    })
    const statuses = await Promise.all(Array.from({ length: 500 }, (_, i) => get(`/${i}`)))
    assert.equal(statuses.filter((status) => status === 200).length, 500)
    assert.equal(sessions.length, 1)
    assert.ok(most > 1 && most <= 50, `${most} at a time`)
  })

  test('survive a GOAWAY: what was acted on is not sent again, what was not is sent once more', async (t) => {
    const actedOn: string[] = []
    const held: Served[] = []
    const { get, sessions } = await serve(t, (served) => {
      if (served.connection > 0) {
        actedOn.push(served.path)
        return served.response()
      }
      held.push(served)
      if (held.length < 10) return
      const last = held[4]?.stream ?? 0
      served.goAway(last)
      for (const each of held.filter(({ stream }) => stream <= last)) {
        actedOn.push(each.path)
        each.response()
      }
    })
    const paths = Array.from({ length: 10 }, (_, i) => `/${i}`)
    assert.deepEqual(
      await Promise.all(paths.map(get)),
      Array.from({ length: 10 }, () => 200),
    )
    assert.deepEqual([...actedOn].toSorted(), paths)
    assert.equal(sessions.length, 2)
  })

  test('that the server refuses for lack of capacity are sent again, the others not', async (t) => {
    const actedOn: string[] = []
    let refused = 0
    const { get } = await serve(t, (served) => {
      if (refused < 3 && served.path !== '/0') {
        refused += 1
        return served.refuse()
      }
      actedOn.push(served.path)
      served.response()
    })
    const paths = Array.from({ length: 10 }, (_, i) => `/${i}`)
    assert.deepEqual(
      await Promise.all(paths.map(get)),
      Array.from({ length: 10 }, () => 200),
    )
    assert.deepEqual([...actedOn].toSorted(), paths)
  })

  test('whose response drips are given up, however often a byte comes', async (t) => {
    const { cluster } = await serve(t, (served) => served.drip())
    await assert.rejects(cluster.request({ method: 'GET', path: '/', timeoutMs: 50 }), {
      code: 'KUBERNETES_UNREACHABLE',
      seen: `the API server at ${cluster.server} did not respond: the response did not end within 0.05 s`,
    })
  })

  test('are not affected by one of them that stalls', async (t) => {
    let stalled = false
    const { get, sessions } = await serve(t, (served) => {
      if (served.path === '/slow' && !stalled) {
        stalled = true
        setTimeout(served.response, 50)
      } else served.response()
    })
    assert.deepEqual(await Promise.all([get('/slow'), get('/1'), get('/2')]), [200, 200, 200])
    assert.equal(sessions.length, 1)
  })
})

const frame = (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9) // RFC 9113 §4.1
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What Node's own server does not send: frames, each time that a request has come. */
async function serveFrames(
  t: TestContext,
  response: (stream: number, socket: TLSSocket) => Buffer[],
  onReset: () => void = () => undefined,
) {
  const authority = await sharedAuthority()
  const { certificate, key } = await authority.issueServerCertificate()
  const server = createServer({ cert: certificate, key, ALPNProtocols: ['h2'] }, (socket) => {
    let unread = Buffer.alloc(0)
    let skip = 24 // the client's preface
    t.after(() => socket.destroy())
    socket.on('error', () => {})
    socket.write(frame(4, 0, 0))
    socket.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes])
      for (;;) {
        if (skip > unread.length) return
        unread = unread.subarray(skip)
        skip = 0
        if (unread.length < 9) return
        skip = 9 + unread.readUIntBE(0, 3)
        if (unread.readUInt8(3) === 3) onReset()
        if (unread.readUInt8(3) === 1) socket.write(Buffer.concat(response(unread.readUInt32BE(5), socket)))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const access = {
    server: new URL(`https://127.0.0.1:${address.port}`),
    trust: async () => ({ ca: authority.ca, verify: 'always' as const }),
    identify: async () => ({}),
  }
  const cluster = openCluster(access, fakeContext())
  t.after(() => cluster.close())
  return cluster
}

suite('a response over HTTP/2', () => {
  const ok = Buffer.from([0x88]) // :status 200 (RFC 7541, appendix A)
  const noError = Buffer.alloc(4)

  test('that is shorter than it announced is none, though the server calls that no error', async (t) => {
    const announced = Buffer.concat([ok, Buffer.from([0x0f, 0x0d, 0x02]), Buffer.from('13')]) // content-length: 13
    let requests = 0
    const cluster = await serveFrames(t, (stream) => {
      requests += 1
      const part = [frame(1, 4, stream, announced), frame(0, 0, stream, Buffer.from('{"items":[]}'))]
      return [...part, requests === 1 ? frame(3, 0, stream, noError) : frame(0, 1, stream, Buffer.from(' '))]
    })
    assert.equal((await cluster.request({ method: 'GET', path: '/' })).body, '{"items":[]} ')
    assert.equal(requests, 2)
  })

  test('that ended before the server refused the rest of the request is complete (RFC 9113 §8.1)', async (t) => {
    const cluster = await serveFrames(t, (stream) => [
      frame(1, 4, stream, ok),
      frame(0, 1, stream, Buffer.from('{}')),
      frame(3, 0, stream, noError),
    ])
    assert.equal((await cluster.request({ method: 'GET', path: '/' })).body, '{}')
    const bodiless = await serveFrames(t, (stream) => [frame(1, 5, stream, ok)])
    assert.equal((await bodiless.request({ method: 'PATCH', path: '/', body: '{}' })).body, '')
  })
})

// Concurrent, since they wait.
suite('a request over HTTP/2 ends within its time limit', { concurrency: true }, () => {
  const status = (code: string) => Buffer.from([0x08, code.length, ...Buffer.from(code)]) // RFC 7541 §6.2.2
  const peers: Record<string, (stream: number, socket: TLSSocket) => Buffer[]> = {
    'sends nothing': () => [],
    'sends an interim response and nothing more': (stream) => [frame(1, 4, stream, status('103'))],
    'floods with interim responses': (stream) =>
      Array.from({ length: 1_000 }, () => frame(1, 4, stream, status('103'))),
    'switches protocols': (stream) => [frame(1, 4, stream, status('101'))],
    'sends a body without an end': (stream) => [
      frame(1, 4, stream, status('200')),
      frame(0, 0, stream, Buffer.from('{}')),
    ],
    'sends a body before a response': (stream) => [frame(0, 0, stream, Buffer.from('{}'))],
    'sends two responses': (stream) => [frame(1, 4, stream, status('200')), frame(1, 4, stream, status('200'))],
    'resets the stream within the body': (stream) => [
      frame(1, 4, stream, status('200')),
      frame(3, 0, stream, Buffer.from([0, 0, 0, 8])), // CANCEL
    ],
    'sends GOAWAY': () => [frame(7, 0, 0, Buffer.alloc(8))],
    'closes the connection': (_, socket) => {
      socket.end()
      return []
    },
    'breaks the framing': () => [Buffer.alloc(100, 0xff)],
  }
  for (const [name, response] of Object.entries(peers)) {
    test(`where the API server ${name}`, { timeout: 20_000 }, async (t) => {
      const cluster = await serveFrames(t, response)
      const refused = cluster.request({ method: 'GET', path: '/', timeoutMs: 50 })
      await assert.rejects(refused, (fault: { code?: string }) =>
        ['KUBERNETES_UNREACHABLE', 'RESPONSE_MALFORMED'].includes(fault.code ?? ''),
      )
    })
  }

  test('and its stream with it where the response comes before the request was read', {
    timeout: 20_000,
  }, async (t) => {
    const reset = Promise.withResolvers<void>()
    const cluster = await serveFrames(t, (stream) => [frame(1, 5, stream, status('200'))], reset.resolve)
    const body = 'x'.repeat(1_000_000) // more than flow control lets pass unread
    assert.equal((await cluster.request({ method: 'PATCH', path: '/', body })).status, 200)
    await reset.promise
  })
})
