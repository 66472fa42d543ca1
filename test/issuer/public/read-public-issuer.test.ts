import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { sharedAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler, SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { jwksUriOf, readPublicIssuer } from '../../../src/oidc/public/public-issuer.ts'
import { fakeContext } from '../../support/fake-context.ts'

async function start(t: TestContext, respond: (request: SandboxRequest, url: string) => ReturnType<SandboxHandler>) {
  const requests: SandboxRequest[] = []
  const authority = await sharedAuthority()
  const handler: SandboxHandler = (request) => {
    requests.push(request)
    return respond(request, part.url)
  }
  const part = await servePart({ handler, tls: { authority, http2: 'absent' } })
  t.after(part.close)
  return { part, requests, context: fakeContext({ ca: authority.ca }) }
}

const documents = ({ path }: SandboxRequest, url: string) =>
  path.endsWith('/openid-configuration')
    ? { status: 200, body: { issuer: url, jwks_uri: `${url}/keys` } }
    : { status: 200, headers: { 'cache-control': 'max-age=60' }, body: { keys: [] } }

suite('what an anonymous client reads', () => {
  test('is both documents as they are served, the keys where the first one leads', async (t) => {
    const { part, context, requests } = await start(t, documents)
    const { discovery, jwks } = await readPublicIssuer(context, `${part.url}/cluster-1`)
    assert.ok(discovery.kind === 'response' && jwks?.kind === 'response')
    assert.deepEqual([discovery.status, discovery.contentType], [200, 'application/json'])
    assert.deepEqual([jwks.url, jwks.cacheControl, jwks.text], [`${part.url}/keys`, 'max-age=60', '{"keys":[]}'])
    assert.deepEqual(
      requests.map(({ path }) => path),
      ['/cluster-1/.well-known/openid-configuration', '/keys'],
    )
    assert.ok(requests.every(({ headers }) => headers['authorization'] === undefined && headers['accept'] === '*/*'))
  })

  test('is a redirect that is not followed', async (t) => {
    const location = 'https://127.0.0.1:9/elsewhere'
    const { part, context, requests } = await start(t, () => ({ status: 301, headers: { location } }))
    const { discovery, jwks } = await readPublicIssuer(context, part.url)
    assert.ok(discovery.kind === 'response')
    assert.deepEqual([discovery.status, discovery.location, jwks, requests.length], [301, location, undefined, 1])
  })

  test('is not keys, if the discovery document has no jwks_uri that a cloud requests', async (t) => {
    for (const jwks_uri of [
      undefined,
      7,
      'http://127.0.0.1/keys',
      'https://user:p@127.0.0.1/keys',
      'file:///etc/passwd',
    ]) {
      const { part, context, requests } = await start(t, () => ({ status: 200, body: { jwks_uri } }))
      assert.equal((await readPublicIssuer(context, part.url)).jwks, undefined)
      assert.equal(requests.length, 1)
    }
  })

  test('is an error, if the server does not respond, or sends too much', async (t) => {
    const { part, context } = await start(t, () => ({ status: 200, body: ' '.repeat(1024 * 1024 + 1) }))
    const large = await readPublicIssuer(context, part.url)
    assert.ok(large.discovery.kind === 'unavailable')
    assert.equal(large.discovery.fault.code, 'RESPONSE_TOO_LARGE')
    const untrusted = await readPublicIssuer(fakeContext(), part.url)
    assert.ok(untrusted.discovery.kind === 'unavailable')
    assert.equal(untrusted.discovery.fault.code, 'CERTIFICATE_UNTRUSTED')
    const unreachable = await readPublicIssuer(context, 'https://127.0.0.1:9')
    assert.ok(unreachable.discovery.kind === 'unavailable')
    assert.deepEqual(
      [unreachable.discovery.fault.code, unreachable.discovery.fault.hop],
      ['DISCOVERY_UNAVAILABLE', 'discovery'],
    )
  })

  test('ends with the run', async (t) => {
    const { part } = await start(t, () => new Promise(() => undefined))
    const run = new AbortController()
    const context = fakeContext({ signal: run.signal })
    const reading = readPublicIssuer(context, part.url)
    run.abort(new Error('the run was ended'))
    await assert.rejects(reading, { message: 'the run was ended' })
  })
})

suite('jwks_uri', () => {
  test('of more than 2048 characters, or in no JSON object, is none', () => {
    const of = (uri: unknown) => jwksUriOf(JSON.stringify({ jwks_uri: uri }))
    assert.equal(of('https://a.example/keys'), 'https://a.example/keys')
    assert.equal(of(`https://a.example/${'k'.repeat(2048)}`), undefined)
    assert.equal(jwksUriOf('[]'), undefined)
    assert.equal(jwksUriOf('<html>'), undefined)
  })
})
