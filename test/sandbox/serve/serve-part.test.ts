import assert from 'node:assert/strict'
import http2 from 'node:http2'
import https from 'node:https'
import { json } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import {
  type CertificateAuthority,
  createCertificateAuthority,
  sharedAuthority,
} from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../../sandbox/serve/handler.ts'
import { type Part, type PartOptions, servePart } from '../../../sandbox/serve/serve-part.ts'

const echo: SandboxHandler = ({ method, path, query, headers, body, clientName }) => ({
  status: 200,
  body: { method, path, name: query.get('name'), host: headers['host'], body: body.toString(), clientName },
})

async function serve(t: TestContext, options: Partial<PartOptions> = {}): Promise<Part> {
  const part = await servePart({ handler: echo, ...options })
  t.after(part.close)
  return part
}

async function connectHttp2(t: TestContext, part: Part, options: http2.SecureClientSessionOptions = {}) {
  const session = http2.connect(part.url, { ca: part.ca, ...options })
  t.after(() => session.destroy())
  return (headers: http2.OutgoingHttpHeaders) => session.request(headers)
}

/** With HTTP/1.1, optionally with a client certificate. */
const getHttp1 = (url: string, options: https.RequestOptions) =>
  new Promise<{ version: string; body: unknown }>((resolve, reject) => {
    https
      .get(url, { agent: false, ...options }, (response) => {
        json(response).then((body) => resolve({ version: response.httpVersion, body }), reject)
      })
      .on('error', reject)
  })

suite('serve part', async () => {
  const authority: CertificateAuthority = await sharedAuthority()

  test('plain HTTP serves method, decoded path, query, host and body', async (t) => {
    const part = await serve(t)
    const response = await fetch(`${part.url}/a%20b?name=c%2Fd`, { method: 'POST', body: 'hello' })

    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.deepEqual(await response.json(), {
      method: 'POST',
      path: '/a b',
      name: 'c/d',
      host: `127.0.0.1:${part.port}`,
      body: 'hello',
    })
  })

  test('one TLS port serves HTTP/2 and HTTP/1.1, by ALPN', async (t) => {
    const part = await serve(t, { tls: { authority, http2: 'offered' } })
    const request = await connectHttp2(t, part)
    const overHttp2 = await json(request({ ':path': '/two' }))
    const overHttp1 = await getHttp1(`${part.url}/one`, { ca: authority.ca })

    const host = `127.0.0.1:${part.port}`
    assert.deepEqual(overHttp2, { method: 'GET', path: '/two', name: null, host, body: '' })
    assert.deepEqual(overHttp1, { version: '1.1', body: { method: 'GET', path: '/one', name: null, host, body: '' } })
  })

  test('a TLS port without HTTP/2 does not offer it', async (t) => {
    const part = await serve(t, { tls: { authority, http2: 'absent' } })
    const session = http2.connect(part.url, { ca: authority.ca })
    const error = await new Promise<Error>((resolve) => session.once('error', resolve))

    assert.match(error.message, /alert no application protocol|h2 is not supported/)
    assert.equal((await getHttp1(part.url, { ca: authority.ca })).version, '1.1')
  })

  test('the common name of a client certificate is read in both versions, unless another authority signed it', async (t) => {
    const part = await serve(t, { tls: { authority, http2: 'offered', clientCertificates: 'requested' } })
    const { certificate: cert, key } = await authority.issueClientCertificate('alice')
    const other = await (await createCertificateAuthority()).issueClientCertificate('alice')
    const nameByHttp1 = async (client: { cert?: string; key?: string }) =>
      Object(await getHttp1(part.url, { ca: authority.ca, ...client })).body.clientName

    assert.equal(await nameByHttp1({ cert, key }), 'alice')
    assert.equal(Object(await json((await connectHttp2(t, part, { cert, key }))({}))).clientName, 'alice')
    assert.equal(await nameByHttp1({}), undefined)
    assert.equal(await nameByHttp1({ cert: other.certificate, key: other.key }), undefined)
  })

  test('a stream is sent in chunks, and the handler is notified when the client disconnects', async (t) => {
    const left = Promise.withResolvers<void>()
    const part = await serve(t, {
      tls: { authority, http2: 'offered' },
      handler: ({ signal }) => ({
        status: 200,
        body: (async function* () {
          yield 'first\n'
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          left.resolve()
        })(),
      }),
    })
    const stream = (await connectHttp2(t, part))({}).setEncoding('utf8')
    const first = await new Promise((resolve) => stream.once('data', resolve))
    stream.close()

    assert.equal(first, 'first\n')
    await left.promise
  })

  test('close ends an endless stream', async (t) => {
    const part = await serve(t, {
      handler: ({ signal }) => ({
        status: 200,
        body: (async function* () {
          yield 'first\n'
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        })(),
      }),
    })
    const response = await fetch(part.url)
    await part.close()

    await assert.rejects(response.text(), { message: 'terminated' })
  })

  test('a body over the limit is refused with 413, a body at the limit is accepted', async (t) => {
    const part = await serve(t, { maxBodyBytes: 10 })

    assert.equal((await fetch(part.url, { method: 'POST', body: 'x'.repeat(11) })).status, 413)
    assert.equal((await fetch(part.url, { method: 'POST', body: 'x'.repeat(10) })).status, 200)
  })

  test('an invalid percent-encoding is refused with 400', async (t) => {
    const part = await serve(t)

    assert.equal((await fetch(`${part.url}/%E0%A4%A`)).status, 400)
  })

  test('a HEAD request gets the length of the body, not the body', async (t) => {
    const part = await serve(t, { handler: () => ({ status: 200, body: 'hello' }) })
    const response = await fetch(part.url, { method: 'HEAD' })

    assert.equal(response.headers.get('content-length'), '5')
    assert.equal(await response.text(), '')
  })

  test('requests are recorded with method, path, status and time of the given clock only', async (t) => {
    const part = await serve(t, { now: () => new Date('2026-11-24T12:00:00Z') })
    const response = await fetch(`${part.url}/v1/token?secret=x`, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: 'x',
    })

    assert.deepEqual(part.seen, [
      { method: 'POST', path: '/v1/token', status: 200, at: new Date('2026-11-24T12:00:00Z') },
    ])
    assert.equal(response.headers.get('date'), 'Tue, 24 Nov 2026 12:00:00 GMT')
  })

  test('a handler that throws is distinguished from the vendor: 500 states that the sandbox failed', async (t) => {
    const part = await serve(t, {
      handler: () => {
        throw new Error('no such thing')
      },
    })
    const response = await fetch(part.url)

    assert.equal(response.status, 500)
    assert.equal(await response.text(), 'The sandbox itself failed: no such thing\n')
  })
})
