import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createOciRegistry } from '../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../sandbox/registry/pack-image.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../sandbox/serve/faults.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { Redacted } from '../../src/outside/redacted.ts'
import { parseImageReference } from '../../src/registry/parse-image-reference.ts'
import type { PullTrial } from '../../src/registry/pull-trial.ts'
import { tryPull } from '../../src/registry/try-pull.ts'
import { testOutside } from '../support/test-outside.ts'

const accessToken = 'ya29.an-access-token-that-nobody-may-see'
const member = 'serviceAccount:puller@example-project.iam.gserviceaccount.com'
const now = () => new Date('2026-11-24T12:00:00Z')

/** A registry that grants whoever holds the access token; `handler` stands in its place. */
async function startRegistry(t: TestContext, handler?: SandboxHandler) {
  const authority = await createCertificateAuthority()
  const holder = {
    member,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    expiresAt: new Date('2026-11-24T13:00:00Z'),
  }
  const images = createOciRegistry({
    scheme: 'https',
    whoHolds: (token) => (token === accessToken ? holder : undefined),
    now,
  })
  images.putImage('project/images/app', '1', packImage({ 'a.txt': 'a' }))
  const part = await servePart({ handler: handler ?? images.handle, tls: { authority, http2: 'offered' }, now })
  t.after(part.close)
  const pull = (path: string | undefined, password = accessToken, ca: string | undefined = authority.ca) => {
    const host = `localhost:${part.port}`
    const reference = path === undefined ? { host } : parseImageReference(`${host}/${path}`)
    assert.ok(reference)
    const credential = { username: 'oauth2accesstoken', password: new Redacted(password) }
    return tryPull(reference, credential, testOutside({ ca }))
  }
  return { images, part, pull }
}

const said = (trial: PullTrial) => ('words' in trial ? trial.words : '')

suite('trying to pull', () => {
  test('who may read, and names what is there, pulls', async (t) => {
    const { images, pull } = await startRegistry(t)
    images.allowReading('project/images', member)
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'pulls' })
  })

  test('a tag that nobody pushed says that the credential is fine', async (t) => {
    const { images, pull } = await startRegistry(t)
    images.allowReading('project/images', member)
    assert.deepEqual(await pull('project/images/app:2'), {
      outcome: 'absent',
      what: 'manifest',
      words: '404 "MANIFEST_UNKNOWN: Failed to fetch "2""',
    })
    assert.partialDeepStrictEqual(await pull('project/images/other:1'), { outcome: 'absent', what: 'repository' })
  })

  test('who may not read is refused at the token endpoint, in the words of the registry', async (t) => {
    const { pull, part } = await startRegistry(t)
    const trial = await pull('project/images/app:1')
    assert.partialDeepStrictEqual(trial, {
      outcome: 'refused',
      at: 'token endpoint',
      url: `https://localhost:${part.port}/v2/token`,
      status: 403,
    })
    assert.match(said(trial), /^403 "DENIED: Permission "artifactregistry.repositories.downloadArtifacts" denied/)
  })

  test('a credential that the registry does not know is refused', async (t) => {
    const { pull } = await startRegistry(t)
    assert.partialDeepStrictEqual(await pull('project/images/app:1', 'an older one'), {
      outcome: 'refused',
      status: 401,
    })
    assert.partialDeepStrictEqual(await pull(undefined, 'an older one'), { outcome: 'refused', status: 401 })
  })

  test('without an image, the token endpoint is asked for no repository', async (t) => {
    const { pull } = await startRegistry(t)
    assert.deepEqual(await pull(undefined), { outcome: 'accepted' })
  })

  test('where GET /v2/ is open to anybody, the manifest tells', async (t) => {
    const { pull, part } = await startRegistry(t)
    part.faults.inject({ kind: 'answer', answer: { status: 200, body: {} } }, { when: ({ path }) => path === '/v2/' })
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { outcome: 'refused', status: 403 })
  })

  test('an image that anybody may pull is told from one that the credential opens', async (t) => {
    const { pull } = await startRegistry(t, () => ({ status: 200, body: {} }))
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'public' })
  })

  test('a registry that asks for the password itself gets it', async (t) => {
    const wanted = `Basic ${Buffer.from(`oauth2accesstoken:${accessToken}`).toString('base64')}`
    const { pull } = await startRegistry(t, ({ headers }) =>
      headers['authorization'] === wanted
        ? { status: 200, body: {} }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: {} },
    )
    assert.deepEqual(await pull('project/images/app:1'), { outcome: 'pulls' })
    assert.partialDeepStrictEqual(await pull('project/images/app:1', 'other'), { outcome: 'refused', at: 'manifest' })
  })

  test('the credential goes to no realm without TLS', async (t) => {
    const { pull } = await startRegistry(t, () => ({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="http://localhost/token"' },
      body: {},
    }))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
      outcome: 'unclear',
      words: 'a challenge whose realm is no https URL',
    })
  })

  test('a registry that repeats the credential is not quoted', async (t) => {
    const { pull } = await startRegistry(t, ({ headers }) =>
      headers['authorization'] === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: {} }
        : { status: 403, body: { errors: [{ code: 'DENIED', message: `not with ${accessToken}` }] } },
    )
    assert.equal(said(await pull('project/images/app:1')), '403 (its words are withheld: they repeat a secret)')
  })

  test('a registry that has no time says until when', async (t) => {
    const { pull, part } = await startRegistry(t)
    part.faults.inject(throttled(30))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), {
      outcome: 'throttled',
      words: '429',
      retryAt: new Date('2026-11-24T12:00:30Z'),
    })
  })

  test('a sign-in page in place of the registry is no answer', async (t) => {
    const { pull } = await startRegistry(t, () => ({ status: 302, headers: { location: '/login' }, body: '<html>' }))
    assert.partialDeepStrictEqual(await pull('project/images/app:1'), { outcome: 'unclear', words: '302' })
  })

  test('a certificate of a private authority, and a closed port, are told apart', async (t) => {
    const { pull, part } = await startRegistry(t)
    const codeOf = (trial: PullTrial) => (trial.outcome === 'unreachable' ? trial.fault.code : trial.outcome)
    assert.equal(codeOf(await pull('project/images/app:1', accessToken, '')), 'CERTIFICATE_UNTRUSTED')
    await part.close()
    assert.equal(codeOf(await pull('project/images/app:1')), 'EXCHANGE_UNAVAILABLE')
  })
})
