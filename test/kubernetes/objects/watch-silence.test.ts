import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { suite, type TestContext, test } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { ResponseOverdue } from '../../../src/kubernetes/connection/connection.ts'
import { watchSilence } from '../../../src/kubernetes/connection/http2-connection.ts'
import { startTcpForwarder } from '../../support/tcp-forwarder.ts'

/** A session through a way that can fall silent without an end, as a lost route does. */
async function openSession(t: TestContext) {
  const authority = await sharedAuthority()
  const part = await servePart({ handler: () => ({ status: 200 }), tls: { authority, http2: 'offered' } })
  t.after(part.close)
  const forwarder = await startTcpForwarder(t, part.port)
  const { port } = forwarder
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca, ALPNProtocols: ['h2'] })
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  const session = connectHttp2('https://localhost', { createConnection: () => socket })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return { session, socket, fallSilent: forwarder.fallSilent }
}

/** Whether the session ended while something waited for `ms`. */
async function endsWithin(ms: number, { session, socket }: { session: ClientHttp2Session; socket: TLSSocket }) {
  const ended = new Promise<'ended'>((resolve) => void session.once('close', () => resolve('ended')))
  const over = new Promise<'alive'>((resolve) => void setTimeout(() => resolve('alive'), ms).unref())
  return await watchSilence(session, socket, 100).during(() => Promise.race([ended, over]))
}

suite('a connection on which nothing comes', () => {
  test('stays open while the peer responds to pings', async (t) => {
    assert.equal(await endsWithin(600, await openSession(t)), 'alive')
  })

  test('is ended when the other side does not respond either', async (t) => {
    const opened = await openSession(t)
    opened.fallSilent()
    assert.equal(await endsWithin(10_000, opened), 'ended')
  })

  for (const [title, isLost] of [
    ['stays open when a request is overdue, and the peer responds to pings', false],
    ['is ended when a request is overdue, and the other side does not respond to pings either', true],
  ] as const) {
    test(title, async (t) => {
      const { session, socket, fallSilent } = await openSession(t)
      if (isLost) fallSilent()
      const request = async () => {
        await new Promise((resolve) => setTimeout(resolve, 300))
        throw new ResponseOverdue(300)
      }
      await assert.rejects(watchSilence(session, socket, 200).during(request), ResponseOverdue)
      assert.equal(session.destroyed, isLost)
    })
  }
})
