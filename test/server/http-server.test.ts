import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { createRateLimit, type HttpServer, openHttpServer } from '../../src/server/http-server.ts'

async function start(t: TestContext, allow?: () => boolean): Promise<HttpServer> {
  const server = await openHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    ...(allow && { allow }),
    respond: (path) =>
      path === '/keys' ? { status: 200, headers: { 'content-type': 'text/plain' }, text: 'keys' } : undefined,
  })
  t.after(() => server.close(0))
  return server
}

interface TestRequest {
  readonly method?: string
  readonly path?: string
  readonly body?: string
}

async function requestFrom({ port }: HttpServer, { method = 'GET', path = '/keys', body }: TestRequest = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body !== undefined && { body }) })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** What a client gets for these bytes, until the server ends the connection. */
async function sendRaw({ port }: HttpServer, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // it may be reset, too
  socket.write(bytes)
  let received = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return received
}

suite('a small HTTP server', () => {
  test('responds to GET, and to HEAD without a body', async (t) => {
    const server = await start(t)
    assert.deepEqual([(await requestFrom(server)).status, (await requestFrom(server)).text], [200, 'keys'])
    const head = await requestFrom(server, { method: 'HEAD' })
    assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', '4'])
  })

  test('accepts a query, and nothing else after the path', async (t) => {
    const server = await start(t)
    assert.equal((await requestFrom(server, { path: '/keys?cache=1' })).status, 200)
    assert.equal((await requestFrom(server, { path: '/keysx' })).status, 404)
  })

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    test(`responds to ${method} with 405`, async (t) => {
      const { status, headers } = await requestFrom(await start(t), { method })
      assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'])
    })
  }

  test('ends a connection whose request has a body, unread', async (t) => {
    const { status, headers } = await requestFrom(await start(t), { method: 'POST', body: 'x'.repeat(100_000) })
    assert.deepEqual([status, headers.get('connection')], [405, 'close'])
  })

  test('ends a connection whose headers are too large, or that speaks no HTTP', async (t) => {
    const server = await start(t)
    assert.doesNotMatch(
      await sendRaw(server, `GET /keys HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
      /200 OK/,
    )
    assert.equal(await sendRaw(server, '\x16\x03\x01\x02\x00'), '')
  })

  test('responds with 429 to too many requests for unknown paths, and never for its own paths', async (t) => {
    let now = Date.parse('2026-11-24T12:00:00Z')
    const server = await start(t, createRateLimit({ perSecond: 1, burst: 2, now: () => new Date(now) }))
    const other = { path: '/other' }
    const statuses = [
      await requestFrom(server, other),
      await requestFrom(server, { method: 'PUT' }),
      await requestFrom(server, other),
    ]
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [404, 405, 429],
    )
    assert.equal((await requestFrom(server)).status, 200)
    now += 1_000
    assert.equal((await requestFrom(server, other)).status, 404)
    assert.equal((await requestFrom(server, other)).headers.get('retry-after'), '1')
  })

  test('accepts a new connection when the limit is reached: the longest idle connection is closed', async (t) => {
    const server = await start(t)
    const held: Socket[] = []
    t.after(() => {
      for (const socket of held) socket.destroy()
    })
    for (let at = 0; at < 1_000; at++) {
      const socket = connect(server.port, '127.0.0.1')
      held.push(socket)
      await once(socket, 'connect')
    }
    const [spoke, silent] = held
    assert.ok(spoke && silent)
    spoke.write('GET /keys HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(spoke, 'data')
    const ended = once(silent, 'close')
    assert.deepEqual([(await requestFrom(server)).status, (await ended).length], [200, 1])
    assert.equal(held.filter((socket) => socket.closed).length, 1)
  })

  test('ends idle connections as it ends', async (t) => {
    const server = await start(t)
    const socket = connect(server.port, '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.write('GET /keys HTTP/1.1\r\nhost: a\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    await server.close(5_000)
    await ended
    const refused = await new Promise((resolve) => {
      request({ port: server.port, host: '127.0.0.1' }).on('error', resolve).end()
    })
    assert.match(String(refused), /ECONNREFUSED/)
  })

  test('a port that is in use is an error', async (t) => {
    const { port } = await start(t)
    const opening = openHttpServer({ listen: { host: '127.0.0.1', port }, respond: () => undefined })
    await assert.rejects(opening, {
      code: 'USAGE_INVALID',
      seen: `cannot listen at 127.0.0.1:${port}: EADDRINUSE`,
    })
  })
})
