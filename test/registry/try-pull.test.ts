import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createOciRegistry } from '../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../sandbox/registry/pack-image.ts'
import type { Authenticate } from '../../sandbox/registry/token-endpoint.ts'
import { sharedAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../sandbox/serve/faults.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { parseImageReference } from '../../src/registry/image-reference.ts'
import { type PullAttempt, tryPull } from '../../src/registry/pull.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { fakeContext } from '../support/fake-context.ts'

const accessToken = 'ya29.an-access-token-that-is-never-shown'
const now = () => new Date('2026-11-24T12:00:00Z')

/** Accepts the access token, for the repositories in the set. */
const authenticateReader =
  (readable: ReadonlySet<string>): Authenticate =>
  ({ username, password }) =>
    username === 'oauth2accesstoken' && password === accessToken
      ? {
          mayPull: (image) => readable.has(image.split('/').slice(0, 2).join('/')),
          denial: (image) =>
            `Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "${image}"`,
          expiresAt: new Date('2026-11-24T13:00:00Z'),
        }
      : undefined

/** A registry that accepts the access token; `handler` replaces it. */
async function startRegistry(t: TestContext, handler?: SandboxHandler) {
  const authority = await sharedAuthority()
  const readable = new Set<string>()
  const images = createOciRegistry({ scheme: 'https', authenticate: authenticateReader(readable), now })
  images.putImage('project/images/app', '1', packImage({ 'a.txt': 'a' }))
  const part = await servePart({ handler: handler ?? images.handle, tls: { authority, http2: 'offered' }, now })
  t.after(part.close)
  const pull = (path: string | undefined, password = accessToken, ca: string | undefined = authority.ca) => {
    const host = `localhost:${part.port}`
    const reference = path === undefined ? { host } : parseImageReference(`${host}/${path}`)
    assert.ok(reference)
    const credential = { username: 'oauth2accesstoken', password: new Redacted(password) }
    return tryPull(reference, credential, fakeContext({ ca }))
  }
  return { readable, images, part, pull }
}

/** One without TLS, which `registry.internal` leads to as well. */
async function startPlainRegistry(t: TestContext) {
  let heard = 0
  const authenticate = authenticateReader(new Set(['project/images']))
  const images = createOciRegistry({ scheme: 'http', authenticate, now })
  images.putImage('project/images/app', '1', packImage({ 'a.txt': 'a' }))
  const part = await servePart({
    handler(request) {
      if (request.headers['authorization'] !== undefined) heard += 1
      return images.handle({ ...request, headers: { ...request.headers, host: request.headers['x-host'] ?? '' } })
    },
    now,
  })
  t.after(part.close)
  const { transport, ...rest } = fakeContext()
  const led = async (request: Parameters<typeof transport>[0]) => {
    const { host } = new URL(request.url)
    const url = request.url.replace('registry.internal', 'localhost')
    return await transport({ ...request, url, headers: { ...request.headers, 'x-host': host } })
  }
  return {
    port: part.port,
    heard: () => heard,
    pull(host: string, plainHttp: readonly string[] = []) {
      const reference = parseImageReference(`${host}/project/images/app:1`)
      assert.ok(reference)
      const credential = { username: 'oauth2accesstoken', password: new Redacted(accessToken) }
      return tryPull(reference, credential, { ...rest, transport: led, plainHttp })
    },
  }
}

const wordsOf = (attempt: PullAttempt) => ('words' in attempt ? attempt.words : '')

suite('the test of a credential', () => {
  test('with permission to read, an existing manifest can be pulled', async (t) => {
    const { readable, pull } = await startRegistry(t)
    readable.add('project/images')
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'pulls' })
  })

  test('for a missing tag, the credential is reported as valid', async (t) => {
    const { readable, pull } = await startRegistry(t)
    readable.add('project/images')
    assert.deepEqual(await pull('project/images/app:2'), {
      outcome: 'absent',
      what: 'manifest',
      words: '404 "MANIFEST_UNKNOWN: Failed to fetch "2""',
    })
    assert.partialDeepStrictEqual(await pull('project/images/other:1'), { outcome: 'absent', what: 'repository' })
  })

  test('without permission to read, the token endpoint refuses with the registry’s message', async (t) => {
    const { pull, part } = await startRegistry(t)
    const attempt = await pull('project/images/app:1')
    assert.partialDeepStrictEqual(attempt, {
      outcome: 'refused',
      at: 'token endpoint',
      url: `https://localhost:${part.port}/v2/token`,
      status: 403,
    })
    assert.match(wordsOf(attempt), /^403 "DENIED: Permission "artifactregistry.repositories.downloadArtifacts" denied/)
  })

  test('an unknown credential is refused', async (t) => {
    const { pull } = await startRegistry(t)
    assert.partialDeepStrictEqual(await pull('project/images/app:1', 'an older one'), {
      outcome: 'refused',
      status: 401,
    })
    assert.partialDeepStrictEqual(await pull(undefined, 'an older one'), { outcome: 'refused', status: 401 })
  })

  test('without an image, the token is requested for no repository', async (t) => {
    const { pull } = await startRegistry(t)
    assert.deepEqual(await pull(undefined), { outcome: 'accepted' })
  })

  test('if GET /v2/ needs no credential, the manifest decides', async (t) => {
    const { pull, part } = await startRegistry(t)
    part.faults.inject(
      { kind: 'response', response: { status: 200, body: {} } },
      { when: ({ path }) => path === '/v2/' },
    )
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { outcome: 'refused', status: 403 })
  })

  test('a public image differs from one that the credential can read', async (t) => {
    const { pull } = await startRegistry(t, () => ({ status: 200, body: {} }))
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'public' })
  })

  test('a registry that requires the password itself gets it', async (t) => {
    const expected = `Basic ${Buffer.from(`oauth2accesstoken:${accessToken}`).toString('base64')}`
    const { pull } = await startRegistry(t, ({ headers }) =>
      headers['authorization'] === expected
        ? { status: 200, body: {} }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: {} },
    )
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'pulls' })
    assert.partialDeepStrictEqual(await pull('project/images/app:1', 'other'), { outcome: 'refused', at: 'manifest' })
  })

  test('a token of the registry that could be words of pullpass is not a secret of the run', async (t) => {
    const authority = await sharedAuthority()
    const opaque = 'an-opaque-token_of.the+registry/0123456789=='
    const tokens = ['REGISTRY_DENIED', '"result":"failed","findings":[', 'the registry refuses the credential', opaque]
    const sent = new Set<string>()
    let issued = ''
    const part = await servePart({
      handler({ path, headers }) {
        if (path.startsWith('/token')) return { status: 200, body: { token: issued } }
        const { authorization } = headers
        if (authorization?.startsWith('Bearer ')) {
          sent.add(authorization.slice('Bearer '.length))
          return { status: 404, body: {} }
        }
        const realm = `https://localhost:${part.port}/token`
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` }, body: {} }
      },
      tls: { authority, http2: 'offered' },
      now,
    })
    t.after(part.close)
    const context = fakeContext({ ca: authority.ca })
    const reference = parseImageReference(`localhost:${part.port}/project/images/app:1`)
    assert.ok(reference)
    const credential = { username: 'oauth2accesstoken', password: new Redacted(accessToken) }
    for (issued of tokens) await tryPull(reference, credential, context)
    assert.deepEqual([...sent], tokens)
    assert.deepEqual([...context.secrets].map((secret) => secret.reveal()).toSorted(), [opaque, accessToken].toSorted())
  })

  test('the credential goes to no realm without TLS', async (t) => {
    const { pull } = await startRegistry(t, () => ({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="http://localhost/token"' },
      body: {},
    }))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
      outcome: 'unclear',
      words: 'a challenge whose realm is not an https URL',
    })
  })

  test('a response that contains the credential is not quoted', async (t) => {
    const { pull } = await startRegistry(t, ({ headers }) =>
      headers['authorization'] === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: {} }
        : { status: 403, body: { errors: [{ code: 'DENIED', message: `not with ${accessToken}` }] } },
    )
    assert.equal(wordsOf(await pull('project/images/app:1')), '403 (its words are withheld: they repeat a secret)')
  })

  test('a throttling registry is reported with its retry time', async (t) => {
    const { pull, part } = await startRegistry(t)
    part.faults.inject(throttled(30))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
      outcome: 'throttled',
      words: '429',
      retryAt: new Date('2026-11-24T12:00:30Z'),
    })
  })

  test('a failing registry differs from one without the image', async (t) => {
    const { pull, part } = await startRegistry(t)
    for (const status of [500, 502, 503, 504]) {
      part.faults.clear()
      part.faults.inject({ kind: 'response', response: { status, headers: { 'retry-after': '30' }, body: 'down' } })
      assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
        outcome: 'unavailable',
        words: `${status}`,
        retryAt: new Date('2026-11-24T12:00:30Z'),
      })
    }
  })

  test('a manifest at another address is followed, as kubelets do, and the credential is not sent there', async (t) => {
    const { readable, part, pull } = await startRegistry(t)
    readable.add('project/images')
    const given: (string | undefined)[] = []
    const other = await startRegistry(t, ({ headers }) => {
      given.push(headers['authorization'])
      return { status: 200, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body: '{}' }
    })
    part.faults.inject(
      {
        kind: 'response',
        response: { status: 307, headers: { location: '/v2/project/images/app/manifests/1?at=home' } },
      },
      { when: ({ path }) => path.endsWith('/manifests/1'), times: 1 },
    )
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'pulls' })
    part.faults.inject(
      { kind: 'response', response: { status: 307, headers: { location: `${other.part.url}/elsewhere` } } },
      { when: ({ path }) => path.endsWith('/manifests/1') },
    )
    const trust = [part.ca, other.part.ca].join('\n')
    assert.deepEqual(await pull('project/images/app:1', accessToken, trust), { outcome: 'public' })
    assert.deepEqual(given, [undefined])
  })

  test('endless redirects, and redirects without TLS, are not followed', async (t) => {
    const { pull, part } = await startRegistry(t, () => ({ status: 302, headers: { location: '/round' } }))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { outcome: 'unclear', words: '302' })
    assert.ok(part.seen.length <= 20, `${part.seen.length} requests`)
    const plain = await startRegistry(t, () => ({ status: 302, headers: { location: 'http://registry.example.com/' } }))
    assert.partialDeepStrictEqual(await plain.pull('project/images/app:1'), { outcome: 'unclear', words: '302' })
  })

  test('a sign-in page at the end of a redirect is not a manifest', async (t) => {
    const { pull } = await startRegistry(t, ({ path }) =>
      path === '/login'
        ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>' }
        : { status: 302, headers: { location: '/login' } },
    )
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
      outcome: 'unclear',
      words: '200 with an HTML page instead of a manifest',
    })
    assert.partialDeepStrictEqual(await pull(undefined), { outcome: 'unclear', words: '302' })
  })

  test('if the credential does not arrive, the response is recognized as one without a credential', async (t) => {
    const { readable, pull, part } = await startRegistry(t)
    readable.add('project/images')
    const dropped = { kind: 'drop-header', name: 'authorization' } as const
    part.faults.inject(dropped, { when: ({ path }) => path.includes('/manifests/') })
    const unheard = { outcome: 'refused', credential: 'ignored' }
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { ...unheard, at: 'manifest', status: 401 })
    part.faults.clear()
    part.faults.inject(dropped)
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { ...unheard, at: 'token endpoint', status: 403 })
    part.faults.clear()
    assert.partialDeepStrictEqual(await pull('project/images/app:1', 'an older one'), {
      outcome: 'refused',
      status: 401,
      credential: 'evaluated',
    })
  })

  test('a registry at a loopback address may speak plain HTTP, and its realm too', async (t) => {
    const registry = await startPlainRegistry(t)
    assert.deepEqual(await registry.pull(`localhost:${registry.port}`), { outcome: 'pulls' })
  })

  for (const [name, response] of Object.entries({
    'a realm': { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://other.example/token"' }, body: '' },
    'the target of a redirect': { status: 307, headers: { location: 'https://other.example/token' }, body: '' },
  })) {
    test(`${name} that does not speak TLS is reported, and the registry is not tried over plain HTTP`, async () => {
      const requested: string[] = []
      const transport = async ({ url }: { readonly url: string }) => {
        requested.push(url.replace(/\?.*/, ''))
        if (url.startsWith('https://other.example/')) throw Object.assign(new Error('no TLS'), { code: 'EPROTO' })
        return response
      }
      const reference = parseImageReference('registry.example/project/images/app:1')
      assert.ok(reference)
      const credential = { username: 'oauth2accesstoken', password: new Redacted(accessToken) }
      const attempt = await tryPull(reference, credential, { ...fakeContext(), transport })
      assert.ok(attempt.outcome === 'unreachable')
      assert.match(attempt.fault.seen, /https:\/\/other\.example\/token/)
      assert.deepEqual(requested, [
        'https://registry.example/v2/project/images/app/manifests/1',
        'https://other.example/token',
      ])
    })
  }

  test('any other host is not sent a credential in the clear, unless nodes are configured for it', async (t) => {
    const registry = await startPlainRegistry(t)
    const host = `registry.internal:${registry.port}`
    assert.partialDeepStrictEqual(await registry.pull(host), {
      outcome: 'plain http',
      url: `http://${host}/v2/project/images/app/manifests/1`,
    })
    assert.equal(registry.heard(), 0)
    assert.deepEqual(await registry.pull(host, [host]), { outcome: 'pulls' })
  })

  test('a certificate of a private authority differs from a closed port', async (t) => {
    const { pull, part } = await startRegistry(t)
    const codeOf = (attempt: PullAttempt) => (attempt.outcome === 'unreachable' ? attempt.fault.code : attempt.outcome)
    assert.equal(codeOf(await pull('project/images/app:1', accessToken, '')), 'CERTIFICATE_UNTRUSTED')
    await part.close()
    assert.equal(codeOf(await pull('project/images/app:1')), 'EXCHANGE_UNAVAILABLE')
  })
})
