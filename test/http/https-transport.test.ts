import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { connect, type Server } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { sharedAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { AddressPrivate } from '../../src/http/transport.ts'

/** A proxy where nothing listens, by all its names. */
const unreachableProxies = Object.fromEntries(
  ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].map((name) => [name, 'http://127.0.0.1:1']),
)

const request = (url: string) => ({
  method: 'POST' as const,
  url,
  headers: {},
  body: 'subject_token=planted',
  maxBytes: 1000,
  signal: new AbortController().signal,
})

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}

/** A proxy whose tunnels all end at one server for `sts.example.com`; `seen` is what that server was sent. */
async function startProxy(t: TestContext) {
  const authority = await sharedAuthority()
  const { certificate, key } = await authority.issueServerCertificate(['sts.example.com'])
  const seen: string[] = []
  const tunnels: string[] = []
  const service = https.createServer({ cert: certificate, key }, (received, response) => {
    received.on('data', (piece) => seen.push(String(piece)))
    received.on('end', () => response.end('{}'))
  })
  const port = await listen(t, service)
  const proxy = http.createServer()
  proxy.on('connect', ({ url = '' }, client) => {
    tunnels.push(url)
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(client).pipe(target)
    })
    target.on('error', () => client.destroy())
    client.on('error', () => target.destroy())
  })
  return { authority, seen, tunnels, environment: { HTTPS_PROXY: `http://127.0.0.1:${await listen(t, proxy)}` } }
}

suite('the transport to clouds', () => {
  test('uses the proxy of the environment, in a tunnel', async (t) => {
    const { authority, environment, tunnels, seen } = await startProxy(t)
    const { status } = await httpsTransport(environment, authority.ca)(request('https://sts.example.com/v1/token'))
    assert.deepEqual([status, tunnels, seen], [200, ['sts.example.com:443'], ['subject_token=planted']])
  })

  test('to a loopback address never uses a proxy', async (t) => {
    const authority = await sharedAuthority()
    const handler = () => ({ status: 200, body: {} })
    const secure = await servePart({ handler, tls: { authority, http2: 'absent' } })
    const plain = await servePart({ handler })
    t.after(() => Promise.all([secure.close(), plain.close()]))
    const transport = httpsTransport(unreachableProxies, authority.ca)
    for (const url of [secure.url, plain.url, plain.url.replace('127.0.0.1', 'localhost')]) {
      assert.equal((await transport(request(url))).status, 200, url)
    }
  })

  test('that is restricted to public addresses sends nothing to another one, by its name or as it is', async (t) => {
    const authority = await sharedAuthority()
    let received = 0
    const handler = () => {
      received += 1
      return { status: 200, body: {} }
    }
    const { url, close } = await servePart({ handler, tls: { authority, http2: 'absent' } })
    t.after(close)
    const transport = httpsTransport({}, authority.ca)
    const named = url.replace('127.0.0.1', 'localhost')
    await transport(request(named)) // its connection stays open
    for (const target of [named, url, url.replace('127.0.0.1', '[::ffff:127.0.0.1]'), 'https://169.254.169.254/']) {
      await assert.rejects(transport({ ...request(target), addresses: 'public' }), AddressPrivate, target)
    }
    assert.equal(received, 1)
  })

  test('that is restricted to public addresses leaves the name to a proxy', async (t) => {
    const { authority, environment, tunnels } = await startProxy(t)
    const transport = httpsTransport(environment, authority.ca)
    await transport({ ...request('https://sts.example.com/v1/token'), addresses: 'public' })
    assert.deepEqual(tunnels, ['sts.example.com:443'])
  })

  test('in clear text never uses a proxy, which could read the token', async (t) => {
    const plain = await servePart({ handler: () => ({ status: 200, body: {} }) })
    t.after(() => plain.close())
    const url = plain.url.replace('127.0.0.1', '0.0.0.0') // reaches the same server, and is not a loopback address
    assert.equal((await httpsTransport(unreachableProxies, undefined)(request(url))).status, 200)
  })

  test('with additional authorities is not shared with one without them', async (t) => {
    const authority = await sharedAuthority()
    const part = await servePart({
      handler: () => ({ status: 200, body: {} }),
      tls: { authority, http2: 'absent' },
    })
    t.after(() => part.close())
    for (let i = 0; i < 2; i++) {
      assert.equal((await httpsTransport({}, authority.ca)(request(part.url))).status, 200)
      await assert.rejects(httpsTransport({}, undefined)(request(part.url)), /verify the first certificate|self-signed/)
    }
  })

  test("an untrusted certificate is refused, also with Node's own variable", async (t) => {
    const { environment, seen } = await startProxy(t)
    const direct = await servePart({
      handler: () => ({ status: 200, body: {} }),
      tls: { authority: await sharedAuthority(), http2: 'absent' },
    })
    t.after(() => direct.close())
    t.mock.method(process, 'emitWarning', () => {}) // Node's own, about the variable
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    t.after(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    const transport = httpsTransport(environment, undefined)
    for (const url of [direct.url, 'https://sts.example.com/']) {
      await assert.rejects(transport(request(url)), /self-signed certificate|unable to verify the first certificate/)
    }
    assert.deepEqual([seen, direct.seen], [[], []])
  })
})

suite('the transport of anonymous clients', () => {
  test('trusts only public authorities, whatever is configured on this machine', async (t) => {
    const authority = await sharedAuthority()
    const part = await servePart({ handler: () => ({ status: 200 }), tls: { authority, http2: 'absent' } })
    t.after(part.close)
    assert.equal((await httpsTransport({}, authority.ca)(request(part.url))).status, 200)
    await assert.rejects(httpsTransport({}, undefined, 'public')(request(part.url)), {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
  })
})
