import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { json, text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../../sandbox/serve/faults.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'

suite('faults on a connection', async () => {
  const authority = await sharedAuthority()

  /** A part that counts the calls of its handler. */
  async function serve(t: TestContext, transport: 'http' | 'http2') {
    const handled = { times: 0 }
    const part = await servePart({
      handler: () => {
        handled.times += 1
        return { status: 200, body: { result: 'x'.repeat(1000) } }
      },
      ...(transport === 'http2' && { tls: { authority, http2: 'offered' } }),
    })
    t.after(part.close)
    return { part, handled }
  }

  function connect(t: TestContext, part: Part) {
    const session = http2.connect(part.url, { ca: authority.ca })
    t.after(() => session.destroy())
    session.on('error', () => {}) // a reset connection also fails its streams, which tests assert
    return session
  }

  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: Error) => (error.cause instanceof Error && 'code' in error.cause ? error.cause.code : Object(error).code),
    )

  test('a throttled request has Retry-After and does not reach the handler', async (t) => {
    const { part, handled } = await serve(t, 'http')
    part.faults.inject(throttled(7), { times: 1 })
    const response = await fetch(part.url)

    assert.equal(response.status, 429)
    assert.equal(response.headers.get('retry-after'), '7')
    assert.equal(handled.times, 0)
    assert.equal((await fetch(part.url)).status, 200)
  })

  test('latency only delays the response', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'latency', ms: 30 })
    const begin = performance.now()

    assert.equal((await fetch(part.url)).status, 200)
    assert.ok(performance.now() - begin >= 29)
  })

  for (const transport of ['http', 'http2'] as const) {
    const send = (t: TestContext, part: Part): Promise<unknown> =>
      transport === 'http' ? fetch(part.url).then((response) => response.json()) : json(connect(t, part).request({}))

    test(`a connection reset at the request does not call the handler (${transport})`, async (t) => {
      const { part, handled } = await serve(t, transport)
      part.faults.inject({ kind: 'reset', at: 'request' }, { times: 1 })

      assert.equal(await failureOf(send(t, part)), 'ECONNRESET')
      assert.equal(handled.times, 0)
      assert.equal(part.seen[0]?.status, 0)
    })

    test(`a connection reset at the response calls the handler and loses the response (${transport})`, async (t) => {
      const { part, handled } = await serve(t, transport)
      part.faults.inject({ kind: 'reset', at: 'response' }, { times: 1 })

      assert.equal(await failureOf(send(t, part)), 'ECONNRESET')
      assert.equal(handled.times, 1)
    })

    test(`a truncated body fails the reader, and the next request is served (${transport})`, async (t) => {
      const { part } = await serve(t, transport)
      part.faults.inject({ kind: 'truncate' }, { times: 1 })

      assert.match(String(await failureOf(send(t, part))), /UND_ERR_SOCKET|ERR_HTTP2_STREAM_ERROR/)
      assert.deepEqual(await send(t, part), { result: 'x'.repeat(1000) })
    })

    test(`a stall lasts until the part closes (${transport})`, async (t) => {
      const { part } = await serve(t, transport)
      part.faults.inject({ kind: 'stall', at: 'request' })
      const response = failureOf(send(t, part))
      await part.whenSeen()
      await part.close()

      assert.notEqual(await response, 'none') // HTTP/2 reports only that the stream ended without headers
    })
  }

  test('a stall in the body sends headers and half of the body first', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'stall', at: 'body' })
    const response = await fetch(part.url)
    const piece = await response.body?.getReader().read()

    assert.equal(response.headers.get('content-length'), '1013')
    assert.equal(piece?.value?.length, 506)
  })

  test('after GOAWAY the request is processed and the connection closes', async (t) => {
    const { part } = await serve(t, 'http2')
    part.faults.inject({ kind: 'goaway', request: 'processed' }, { times: 1 })
    const session = connect(t, part)
    const goaway = once(session, 'goaway')
    const response = await text(session.request({}))

    assert.equal(response.length, 1013)
    assert.equal((await goaway)[0], http2.constants.NGHTTP2_NO_ERROR)
    await once(session, 'close')
  })

  test('GOAWAY can refuse a request unprocessed, while an earlier one on the connection completes', async (t) => {
    const { part, handled } = await serve(t, 'http2')
    part.faults.inject({ kind: 'latency', ms: 50 }, { when: ({ path }) => path === '/early' })
    part.faults.inject({ kind: 'goaway', request: 'refused' }, { when: ({ path }) => path === '/late' })
    const session = connect(t, part)
    const early = text(session.request({ ':path': '/early' }))
    const late = session.request({ ':path': '/late' })
    const error = await failureOf(text(late))

    assert.equal(error, 'ERR_HTTP2_STREAM_ERROR')
    assert.equal(late.rstCode, http2.constants.NGHTTP2_REFUSED_STREAM)
    assert.equal((await early).length, 1013)
    assert.equal(handled.times, 1)
  })

  test('on HTTP/1.1 the connection closes after the response instead of a GOAWAY', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'goaway', request: 'processed' })
    const response = await fetch(part.url)

    assert.equal(response.status, 200)
    assert.equal(response.headers.get('connection'), 'close')
  })
})
