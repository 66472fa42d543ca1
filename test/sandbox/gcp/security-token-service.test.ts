import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createGoogleCloud } from '../../../sandbox/gcp/google-cloud.ts'
import type { ProviderOptions } from '../../../sandbox/gcp/iam/workload-identity.ts'
import { stsQuotaExceeded } from '../../../sandbox/gcp/sts/security-token-service.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import fc from '../../support/fast-check.ts'
import { createTestIssuer, issuerUri, providerName } from './test-issuer.ts'

const now = new Date('2026-11-24T12:00:00Z')
const iat = 1795521600 // the same instant
const audience = `//iam.googleapis.com/${providerName}`

suite("Google's STS", async () => {
  const issuer = await createTestIssuer()
  const otherIssuer = await createTestIssuer()

  async function start(t: TestContext, provider: Partial<ProviderOptions> = {}) {
    const bucket = await servePart({ handler: issuer.documents })
    const google = createGoogleCloud({ now: () => now })
    google.identity.putProvider({ name: providerName, issuerUri, publishedAt: bucket.url, ...provider })
    const sts = await servePart({ handler: google.sts, now: () => now })
    t.after(() => Promise.all([bucket.close(), sts.close()]))
    return { google, bucket, sts, url: `${sts.url}/v1/token` }
  }

  const exchangeFields = (subjectToken: string) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  })

  async function exchange(url: string, subjectToken: string, changes: Record<string, string> = {}) {
    const body = new URLSearchParams({ ...exchangeFields(subjectToken), ...changes })
    const response = await fetch(url, { method: 'POST', body })
    return { status: response.status, body: Object(await response.json()) }
  }

  test('a form is exchanged for a token with principal, scope and expiry', async (t) => {
    const { google, url } = await start(t)
    const { status, body } = await exchange(url, await issuer.sign(now))

    assert.equal(status, 200)
    assert.deepEqual(
      { ...body, access_token: '' },
      {
        access_token: '',
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: 3600,
      },
    )
    assert.match(body.access_token, /^ya29\.[\w-]{200}$/)
    assert.deepEqual(google.holderOf(body.access_token), {
      member:
        'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass',
      sets: ['principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/*'],
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
      expiresAt: new Date('2026-11-24T13:00:00Z'),
    })
  })

  test('JSON with camelCase fields, as scripts send it, is exchanged too', async (t) => {
    const { url } = await start(t)
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience,
        scope: 'https://www.googleapis.com/auth/iam',
        requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
        subjectToken: await issuer.sign(now),
        subjectTokenType: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    })

    assert.equal(response.status, 200)
    assert.equal(response.headers.get('date'), 'Tue, 24 Nov 2026 12:00:00 GMT')
  })

  test('a federated token never expires later than its subject token', async (t) => {
    const { url } = await start(t)

    assert.equal((await exchange(url, await issuer.sign(now, { exp: iat + 600 }))).body.expires_in, 600)
    assert.equal((await exchange(url, await issuer.sign(now, { exp: iat + 86400 }))).body.expires_in, 3600)
  })

  test('metadata is read from its published URL, the keys through the discovery document', async (t) => {
    const { bucket, url } = await start(t)
    await exchange(url, await issuer.sign(now))

    assert.deepEqual(
      bucket.seen.map(({ path }) => path),
      ['/.well-known/openid-configuration', '/openid/v1/jwks'],
    )
  })

  test('uploaded keys need no reachable issuer', async (t) => {
    const { bucket, url } = await start(t, { jwksJson: JSON.stringify(issuer.jwks) })

    assert.equal((await exchange(url, await issuer.sign(now))).status, 200)
    assert.equal(bucket.seen.length, 0)
  })

  test('ES256 is accepted', async (t) => {
    const elliptic = await createTestIssuer('ES256')
    const { url } = await start(t, { jwksJson: JSON.stringify(elliptic.jwks) })

    assert.equal((await exchange(url, await elliptic.sign(now))).status, 200)
  })

  const accepted: Record<string, [changes: object, provider?: Partial<ProviderOptions>]> = {
    'an audience with https:': [{ aud: `https://iam.googleapis.com/${providerName}` }],
    'one of several audiences': [{ aud: ['other', audience] }],
    'an allowed audience': [{ aud: 'pullpass' }, { allowedAudiences: ['pullpass'] }],
    'a clock 60 s ahead': [{ iat: iat + 60 }],
    'an expiry 59 s ago': [{ exp: iat - 59 }],
    'a subject of 127 bytes': [{ sub: 's'.repeat(127) }],
    'a true attribute condition': [{}, { attributeCondition: "assertion['sub'] == google.subject" }],
  }
  for (const [name, [changes, provider]] of Object.entries(accepted))
    test(`${name} is accepted`, async (t) => {
      const { url } = await start(t, provider)

      assert.equal((await exchange(url, await issuer.sign(now, changes))).status, 200)
    })

  const stale = `ID Token issued at ${iat} is stale to sign-in.`
  const tooLong =
    'The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.'
  const absentTarget =
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.'
  const unreachable = "Error connecting to the given credential's issuer."
  const refused: Record<
    string,
    [error: string, description: string, changes: object, provider?: Partial<ProviderOptions>]
  > = {
    'another audience': [
      'invalid_grant',
      'The audience in ID Token [https://kubernetes.default.svc] does not match the expected audience.',
      { aud: ['https://kubernetes.default.svc'] },
    ],
    'the default audience where others are allowed': [
      'invalid_grant',
      `The audience in ID Token [${audience}] does not match the expected audience.`,
      {},
      { allowedAudiences: ['pullpass'] },
    ],
    'another issuer': [
      'invalid_grant',
      'The issuer in ID Token https://other.example does not match the expected one in config: https://issuer.example',
      { iss: 'https://other.example' },
    ],
    'an expiry 60 s ago': ['invalid_grant', stale, { exp: iat - 60 }],
    'no expiry': ['invalid_grant', stale, { exp: undefined }],
    'no issue time': ['invalid_grant', 'ID Token issued at undefined is stale to sign-in.', { iat: undefined }],
    'a subject of 128 bytes': ['invalid_request', tooLong, { sub: 's'.repeat(128) }],
    'a false attribute condition': [
      'unauthorized_client',
      'The given credential is rejected by the attribute condition.',
      {},
      { attributeCondition: "assertion.sub == 'other'" },
    ],
    'a disabled provider': ['invalid_target', absentTarget, {}, { state: 'DISABLED' }],
    'an unreachable issuer': ['invalid_grant', unreachable, {}, { publishedAt: 'http://127.0.0.1:1' }],
    'a useless uploaded JWKS': ['invalid_grant', unreachable, {}, { jwksJson: '{}' }],
  }
  for (const [name, [error, error_description, changes, provider]] of Object.entries(refused))
    test(`${name} is refused with Google's message`, async (t) => {
      const { url } = await start(t, provider)
      const response = await exchange(url, await issuer.sign(now, changes))

      assert.deepEqual(response, { status: 400, body: { error, error_description } })
    })

  test("a signature by another key under the issuer's key id is refused", async (t) => {
    const { url } = await start(t)
    const { body } = await exchange(url, await otherIssuer.sign(now))

    assert.deepEqual(body, {
      error: 'invalid_grant',
      error_description: 'Unable to verify the ID Token signature.',
    })
  })

  test('an unpublished key ID is refused like an unreachable issuer', async (t) => {
    const { url } = await start(t)
    const { body } = await exchange(url, await issuer.sign(now, {}, { kid: 'key-2' }))

    assert.deepEqual(body, { error: 'invalid_grant', error_description: unreachable })
  })

  test('a token that is not a JWT is refused', async (t) => {
    const { url } = await start(t)

    assert.deepEqual((await exchange(url, 'no.jwt.here')).body, {
      error: 'invalid_grant',
      error_description: 'Unable to parse the ID Token.',
    })
  })

  test('a discovery document of another issuer is refused', async (t) => {
    const { google, bucket, url } = await start(t)
    google.identity.putProvider({ name: providerName, issuerUri: 'https://other.example', publishedAt: bucket.url })
    const { body } = await exchange(url, await issuer.sign(now, { iss: 'https://other.example' }))

    assert.deepEqual(body, { error: 'invalid_grant', error_description: unreachable })
  })

  test('a disabled pool and an absent provider are an invalid target', async (t) => {
    const { google, url } = await start(t)
    const other = await exchange(url, await issuer.sign(now), { audience: `${audience}-2` })
    google.identity.putPool('projects/123456789012/locations/global/workloadIdentityPools/pool', 'DISABLED')
    const disabled = await exchange(url, await issuer.sign(now))

    assert.deepEqual(other.body, { error: 'invalid_target', error_description: absentTarget })
    assert.deepEqual(disabled.body, { error: 'invalid_target', error_description: absentTarget })
  })

  test('an audience with a scheme, or with a project ID instead of its number, is invalid', async (t) => {
    const { url } = await start(t)
    const token = await issuer.sign(now)
    const withScheme = await exchange(url, token, { audience: `https:${audience}` })
    const withProjectId = await exchange(url, token, { audience: audience.replace('123456789012', 'my-project') })

    const error_description =
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.'
    assert.deepEqual(withScheme.body, { error: 'invalid_request', error_description })
    assert.deepEqual(withProjectId.body, { error: 'invalid_request', error_description })
  })

  test('a request without scope is refused', async (t) => {
    const { url } = await start(t)

    assert.deepEqual((await exchange(url, await issuer.sign(now), { scope: '' })).body, {
      error: 'invalid_request',
      error_description: 'Scope(s) must be provided.',
    })
  })

  test('any other request body is refused', async () => {
    const { sts } = createGoogleCloud({ now: () => now })
    const request = { method: 'POST', path: '/v1/token', query: new URLSearchParams(), signal: AbortSignal.abort() }
    const types = fc.constantFrom('application/json', 'application/x-www-form-urlencoded')
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), types, async (text, type) => {
        const response = await sts({ ...request, headers: { 'content-type': type }, body: Buffer.from(text) })
        assert.equal(response.status, 400)
      }),
    )
  })

  test('any other subject token is refused', async (t) => {
    const { url } = await start(t, { jwksJson: JSON.stringify(issuer.jwks) })
    const part = fc.oneof(fc.json(), fc.string()).map((text) => Buffer.from(text).toString('base64url'))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.tuple(part, part, part).map((parts) => parts.join('.')),
        ),
        async (token) => {
          assert.equal((await exchange(url, token)).status, 400)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('an exhausted quota can be simulated', async (t) => {
    const { sts, url } = await start(t)
    sts.faults.inject({ kind: 'response', response: stsQuotaExceeded }, { times: 1 })
    const response = await exchange(url, await issuer.sign(now))

    assert.equal(response.status, 429)
    assert.equal(response.body.error, 'quota_exceeded')
  })

  test('an access token is unknown after its expiry', async (t) => {
    let clock = now
    const google = createGoogleCloud({ now: () => clock })
    google.identity.putProvider({ name: providerName, issuerUri, jwksJson: JSON.stringify(issuer.jwks) })
    const sts = await servePart({ handler: google.sts })
    t.after(sts.close)
    const { body } = await exchange(`${sts.url}/v1/token`, await issuer.sign(now, { exp: iat + 600 }))

    clock = new Date('2026-11-24T12:09:59Z')
    assert.notEqual(google.holderOf(body.access_token), undefined)
    clock = new Date('2026-11-24T12:10:00Z')
    assert.equal(google.holderOf(body.access_token), undefined)
  })
})
