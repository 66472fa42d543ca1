import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { json, text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../../sandbox/serve/faults.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'

suite('faults on a connection', async () => {
  const authority = await createCertificateAuthority()

  /** A part that counts how often its handler was handled. */
  async function serve(t: TestContext, transport: 'http' | 'http2') {
    const handled = { times: 0 }
    const part = await servePart({
      handler: () => {
        handled.times += 1
        return { status: 200, body: { answer: 'x'.repeat(1000) } }
      },
      ...(transport === 'http2' && { tls: { authority, http2: 'offered' } }),
    })
    t.after(part.close)
    return { part, handled }
  }

  function connect(t: TestContext, part: Part) {
    const session = http2.connect(part.url, { ca: authority.ca })
    t.after(() => session.destroy())
    session.on('error', () => {}) // a reset connection fails its streams too, which is what is looked at
    return session
  }

  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: Error) => (error.cause instanceof Error && 'code' in error.cause ? error.cause.code : Object(error).code),
    )

  test('a throttled request names the time to wait and never reaches the handler', async (t) => {
    const { part, handled } = await serve(t, 'http')
    part.faults.inject(throttled(7), { times: 1 })
    const answer = await fetch(part.url)

    assert.equal(answer.status, 429)
    assert.equal(answer.headers.get('retry-after'), '7')
    assert.equal(handled.times, 0)
    assert.equal((await fetch(part.url)).status, 200)
  })

  test('latency delays the answer and changes nothing else', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'latency', ms: 30 })
    const begin = performance.now()

    assert.equal((await fetch(part.url)).status, 200)
    assert.ok(performance.now() - begin >= 29)
  })

  for (const transport of ['http', 'http2'] as const) {
    const ask = (t: TestContext, part: Part): Promise<unknown> =>
      transport === 'http' ? fetch(part.url).then((answer) => answer.json()) : json(connect(t, part).request({}))

    test(`a connection reset before the handler leaves the work undone (${transport})`, async (t) => {
      const { part, handled } = await serve(t, transport)
      part.faults.inject({ kind: 'reset', at: 'request' }, { times: 1 })

      assert.equal(await failureOf(ask(t, part)), 'ECONNRESET')
      assert.equal(handled.times, 0)
      assert.equal(part.seen[0]?.status, 0)
    })

    test(`a connection reset after the handler leaves the work done and its answer lost (${transport})`, async (t) => {
      const { part, handled } = await serve(t, transport)
      part.faults.inject({ kind: 'reset', at: 'response' }, { times: 1 })

      assert.equal(await failureOf(ask(t, part)), 'ECONNRESET')
      assert.equal(handled.times, 1)
    })

    test(`a truncated body fails the reader, and the next request is served (${transport})`, async (t) => {
      const { part } = await serve(t, transport)
      part.faults.inject({ kind: 'truncate' }, { times: 1 })

      assert.match(String(await failureOf(ask(t, part))), /UND_ERR_SOCKET|ERR_HTTP2_STREAM_ERROR/)
      assert.deepEqual(await ask(t, part), { answer: 'x'.repeat(1000) })
    })

    test(`a stall lasts until the part closes (${transport})`, async (t) => {
      const { part } = await serve(t, transport)
      part.faults.inject({ kind: 'stall', at: 'request' })
      const answer = failureOf(ask(t, part))
      await part.whenSeen()
      await part.close()

      assert.notEqual(await answer, 'none') // HTTP/2 says no more than that the stream ended without headers
    })
  }

  test('a stall in the body sends headers and half of the body first', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'stall', at: 'body' })
    const answer = await fetch(part.url)
    const piece = await answer.body?.getReader().read()

    assert.equal(answer.headers.get('content-length'), '1013')
    assert.equal(piece?.value?.length, 506)
  })

  test('after GOAWAY the request is answered and the connection ends', async (t) => {
    const { part } = await serve(t, 'http2')
    part.faults.inject({ kind: 'goaway', request: 'processed' }, { times: 1 })
    const session = connect(t, part)
    const goaway = once(session, 'goaway')
    const answer = await text(session.request({}))

    assert.equal(answer.length, 1013)
    assert.equal((await goaway)[0], http2.constants.NGHTTP2_NO_ERROR)
    await once(session, 'close')
  })

  test('GOAWAY can refuse the request undone, while an earlier one on the connection is still answered', async (t) => {
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

  test('on HTTP/1.1 a GOAWAY is a connection that closes after its answer', async (t) => {
    const { part } = await serve(t, 'http')
    part.faults.inject({ kind: 'goaway', request: 'processed' })
    const answer = await fetch(part.url)

    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('connection'), 'close')
  })
})
