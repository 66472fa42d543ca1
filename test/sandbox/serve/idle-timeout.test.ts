import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'

const hello: SandboxHandler = () => ({ status: 200, body: 'hello\n' })

async function serve(t: TestContext, handler: SandboxHandler = hello) {
  const clock = createMovableClock(() => new Date('2026-11-24T12:00:00Z'))
  const authority = await sharedAuthority()
  const part = await servePart({ handler, now: clock.now, idle: 'ended', tls: { authority, http2: 'offered' } })
  t.after(part.close)
  return { clock, part, ca: authority.ca }
}

test('an HTTP/2 connection that was idle for 90 s gets GOAWAY without an error, and closes', async (t) => {
  const { clock, part, ca } = await serve(t)
  const session = connect(part.url, { ca })
  assert.equal(await text(session.request({ ':path': '/' })), 'hello\n')

  clock.advance('89 s')
  assert.equal(await text(session.request({ ':path': '/' })), 'hello\n')
  clock.advance('90 s')
  const [code, lastStream] = await once(session, 'goaway')
  await once(session, 'close')

  assert.deepEqual([code, lastStream], [0, 3])
})

test('an HTTP/1.1 connection that was idle for 90 s closes', async (t) => {
  const { clock, part, ca } = await serve(t)
  const socket = connectTls({ host: '127.0.0.1', port: part.port, ca, ALPNProtocols: ['http/1.1'] })
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const [response] = await once(socket, 'data')

  clock.advance('90 s')
  await once(socket, 'close')

  assert.match(String(response), /^HTTP\/1\.1 200 OK\r\n/)
})

test('a connection with a pending response is not idle', async (t) => {
  const begun = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const { clock, part, ca } = await serve(t, async ({ path }) => {
    if (path === '/held') {
      begun.resolve()
      await held.promise
    }
    return { status: 200, body: 'hello\n' }
  })
  const [busy, idle] = [connect(part.url, { ca }), connect(part.url, { ca })]
  t.after(() => busy.destroy())
  const stream = busy.request({ ':path': '/held' })
  await Promise.all([begun.promise, text(idle.request({ ':path': '/' }))])

  clock.advance('10 min')
  await once(idle, 'close')
  held.resolve()

  assert.equal(await text(stream), 'hello\n')
})
