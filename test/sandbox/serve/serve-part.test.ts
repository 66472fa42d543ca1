import assert from 'node:assert/strict'
import http2 from 'node:http2'
import https from 'node:https'
import { json } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { type CertificateAuthority, createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
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

/** By HTTP/1.1, with the certificate of a client where one is given. */
const getHttp1 = (url: string, options: https.RequestOptions) =>
  new Promise<{ version: string; body: unknown }>((resolve, reject) => {
    https
      .get(url, { agent: false, ...options }, (response) => {
        json(response).then((body) => resolve({ version: response.httpVersion, body }), reject)
      })
      .on('error', reject)
  })

suite('serve part', async () => {
  const authority: CertificateAuthority = await createCertificateAuthority()

  test('plain HTTP serves method, decoded path, query, host and body', async (t) => {
    const part = await serve(t)
    const answer = await fetch(`${part.url}/a%20b?name=c%2Fd`, { method: 'POST', body: 'hello' })

    assert.equal(answer.headers.get('content-type'), 'application/json')
    assert.deepEqual(await answer.json(), {
      method: 'POST',
      path: '/a b',
      name: 'c/d',
      host: `127.0.0.1:${part.port}`,
      body: 'hello',
    })
  })

  test('one TLS port speaks HTTP/2 and HTTP/1.1, as ALPN says', async (t) => {
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

  test('the common name of a client certificate is known in both versions, that of a strange authority is not', async (t) => {
    const part = await serve(t, { tls: { authority, http2: 'offered', clientCertificates: 'requested' } })
    const { certificate: cert, key } = await authority.issueClientCertificate('alice')
    const stranger = await (await createCertificateAuthority()).issueClientCertificate('alice')
    const nameByHttp1 = async (client: { cert?: string; key?: string }) =>
      Object(await getHttp1(part.url, { ca: authority.ca, ...client })).body.clientName

    assert.equal(await nameByHttp1({ cert, key }), 'alice')
    assert.equal(Object(await json((await connectHttp2(t, part, { cert, key }))({}))).clientName, 'alice')
    assert.equal(await nameByHttp1({}), undefined)
    assert.equal(await nameByHttp1({ cert: stranger.certificate, key: stranger.key }), undefined)
  })

  test('a stream reaches the client piece by piece, and the handler learns that the client left', async (t) => {
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

  test('close ends a stream that would never end', async (t) => {
    const part = await serve(t, {
      handler: ({ signal }) => ({
        status: 200,
        body: (async function* () {
          yield 'first\n'
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        })(),
      }),
    })
    const answer = await fetch(part.url)
    await part.close()

    await assert.rejects(answer.text(), { message: 'terminated' })
  })

  test('a body over the limit is refused with 413, one at the limit is served', async (t) => {
    const part = await serve(t, { maxBodyBytes: 10 })

    assert.equal((await fetch(part.url, { method: 'POST', body: 'x'.repeat(11) })).status, 413)
    assert.equal((await fetch(part.url, { method: 'POST', body: 'x'.repeat(10) })).status, 200)
  })

  test('a broken percent-encoding is refused with 400', async (t) => {
    const part = await serve(t)

    assert.equal((await fetch(`${part.url}/%E0%A4%A`)).status, 400)
  })

  test('a HEAD request gets the length of the body, not the body', async (t) => {
    const part = await serve(t, { handler: () => ({ status: 200, body: 'hello' }) })
    const answer = await fetch(part.url, { method: 'HEAD' })

    assert.equal(answer.headers.get('content-length'), '5')
    assert.equal(await answer.text(), '')
  })

  test('what was asked is remembered by method, path, status and time of the given clock, and no more', async (t) => {
    const part = await serve(t, { now: () => new Date('2026-11-24T12:00:00Z') })
    const answer = await fetch(`${part.url}/v1/token?secret=x`, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: 'x',
    })

    assert.deepEqual(part.seen, [
      { method: 'POST', path: '/v1/token', status: 200, at: new Date('2026-11-24T12:00:00Z') },
    ])
    assert.equal(answer.headers.get('date'), 'Tue, 24 Nov 2026 12:00:00 GMT')
  })

  test('a handler that throws is told from the vendor: 500 says that the sandbox itself failed', async (t) => {
    const part = await serve(t, {
      handler: () => {
        throw new Error('no such thing')
      },
    })
    const answer = await fetch(part.url)

    assert.equal(answer.status, 500)
    assert.equal(await answer.text(), 'The sandbox itself failed: no such thing\n')
  })
})
