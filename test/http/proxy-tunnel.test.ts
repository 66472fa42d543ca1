import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { exchangeHttp1, httpsTransport } from '../../src/http/https-transport.ts'
import { parseHttpProxy } from '../../src/http/proxy.ts'
import { tunnelAgent } from '../../src/http/proxy-tunnel.ts'
import { type Behavior, type HostilePeer, startHostilePeer } from '../support/hostile-peer.ts'

const patience = { timeout: 20_000 }

const requestThrough = (url: string, environment: Record<string, string>, limitMs = 60_000) =>
  httpsTransport(
    environment,
    undefined,
  )({ method: 'POST', url, headers: {}, body: 'planted', maxBytes: 1000, signal: AbortSignal.timeout(limitMs) })

async function untilClosed(peer: HostilePeer): Promise<void> {
  while (peer.open() > 0) await new Promise((resolve) => setImmediate(resolve))
}

const after = (text: string): Behavior => {
  return (socket) => socket.write(text)
}
const drip: Behavior = (socket) => {
  const timer = setInterval(() => socket.write('x'), 5)
  socket.once('close', () => clearInterval(timer))
}
const flood: Behavior = (socket) => {
  const timer = setInterval(() => socket.write('x'.repeat(10_000)), 1)
  socket.once('close', () => clearInterval(timer))
}

suite('a proxy that opens no tunnel fails the request, and the error states why', () => {
  const failing: Record<string, [Behavior, string]> = {
    'requires credentials': [after('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'), 'responded with 407'],
    refuses: [after('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno'), 'responded with 403'],
    'cannot reach the host': [after('HTTP/1.1 502 Bad Gateway\r\n\r\n'), 'responded with 502'],
    redirects: [after('HTTP/1.1 302 Found\r\nlocation: http://elsewhere.example/\r\n\r\n'), 'responded with 302'],
    'switches to another protocol': [
      after('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
      'responded with 101',
    ],
    'sends interim responses and a refusal in one packet': [
      after(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 403 Forbidden\r\n\r\n`),
      'responded with 403',
    ],
    'sends an interim response and something else in one packet': [
      after('HTTP/1.1 102 Processing\r\n\r\nSSH-2.0-OpenSSH_9.9\r\n\r\n'),
      'sent no HTTP response',
    ],
    'speaks another protocol': [after('SSH-2.0-OpenSSH_9.9\r\n\r\n'), 'sent no HTTP response'],
    'closes the connection': [(socket) => socket.end(), 'closed the connection without a response'],
    'resets the connection': [(socket) => socket.resetAndDestroy(), 'failed: ECONNRESET'],
    'sends endless data': [flood, 'sent no HTTP response'],
    'sends data after its response': [
      after('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}'),
      'sent data after its response',
    ],
  }
  for (const [name, [misbehave, message]] of Object.entries(failing)) {
    test(`where it ${name}`, patience, async (t) => {
      const proxy = await startHostilePeer(t, misbehave)
      const refused = requestThrough('https://sts.example.com/', { HTTPS_PROXY: `127.0.0.1:${proxy.port}` })
      await assert.rejects(refused, { name: 'ProxyFailed', message, target: 'sts.example.com:443' })
      await untilClosed(proxy)
    })
  }

  test('where it does not exist', patience, async () => {
    const refused = requestThrough('https://sts.example.com/', { HTTPS_PROXY: 'http://127.0.0.1:1' })
    await assert.rejects(refused, { name: 'ProxyFailed', message: 'failed: ECONNREFUSED' })
  })
})

suite('a proxy that never responds', () => {
  for (const [name, misbehave] of Object.entries({ silent: () => undefined, slow: drip })) {
    test(`does not outlast the request's time limit, and its connection ends (${name})`, patience, async (t) => {
      const proxy = await startHostilePeer(t, misbehave)
      const refused = requestThrough('https://sts.example.com/', { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, 50)
      await assert.rejects(refused, { name: 'TimeoutError' })

      const named = parseHttpProxy({ url: `http://127.0.0.1:${proxy.port}`, source: 'HTTPS_PROXY' })
      const agent = await tunnelAgent(named, {}, 50)
      const { request } = await import('node:https')
      const signal = AbortSignal.timeout(60_000)
      const sent = request('https://sts.example.com/', { agent, rejectUnauthorized: true })
      await assert.rejects(
        exchangeHttp1(sent, { signal }, async ({ status }) => status),
        {
          message: 'opened no tunnel within 0.05 s',
        },
      )
    })
  }

  test('to TLS inside its tunnel ends within the time limit', patience, async (t) => {
    const proxy = await startHostilePeer(t, after('HTTP/1.1 200 OK\r\n\r\n'))
    const refused = requestThrough('https://sts.example.com/', { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, 100)
    await assert.rejects(refused, { name: 'TimeoutError' })
    await untilClosed(proxy)
  })
})
