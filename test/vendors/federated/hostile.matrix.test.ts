import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { HttpResponse } from '../../../src/http/transport.ts'
import { decodeSubjectToken } from '../../../src/identity/subject-token.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { repeatsSecret } from '../../../src/text/secret-register.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { exchangeFor } from '../exchange-registry.ts'
import { cases, startVendor } from './cases.ts'

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const secret = Buffer.alloc(256, 'a planted signature of a subject token').toString('base64url')
const claims = {
  iss: 'https://issuer.example.com',
  sub: 'system:serviceaccount:a:b',
  aud: ['x'],
  iat: 1,
  exp: 1795527600,
}
const jwt = `${encode({ alg: 'RS256', kid: 'k' })}.${encode(claims)}.${secret}`
const subjectToken = decodeSubjectToken(new Redacted(jwt), 'a token')

const url = 'https://127.0.0.1:1'
/** Of vendors that send a request. */
const registries = Object.entries(cases)
  .filter(([, { load }]) => load !== cases['token']?.load)
  .map(([vendor, { registry }]) => [vendor, `hosts: [images.example.com], ${registry({ url })}`] as const)

async function respondWith(registry: string, response: Partial<HttpResponse>) {
  const context = { ...fakeContext(), transport: async () => ({ status: 200, headers: {}, body: '', ...response }) }
  return await exchangeFor(registry, subjectToken, context).catch((error: unknown) => error)
}

/** An error in our form that contains nothing of the token; or a credential that ends within twelve hours. */
function checkResult(result: unknown): void {
  if (result instanceof PullpassError) {
    const text = JSON.stringify([
      result.message,
      result.seen,
      result.expected,
      result.hint,
      result.also,
      result.command,
    ])
    assert.ok(!repeatsSecret(text, [subjectToken.value]), text)
    assert.ok(text.length < 8000, `${text.length}`)
    assert.match(result.hop, /^exchange/)
    return
  }
  const { username, password, expiresAt } = Object(result)
  assert.ok(password instanceof Redacted, String(result))
  assert.match(username, /^[!-9;-~]{1,256}$/)
  const hours = (expiresAt.getTime() - Date.parse('2026-11-24T12:00:00Z')) / 3_600_000
  assert.ok(hours > 0 && hours <= 12, String(expiresAt))
}

/** A body in which each place that a vendor reads has the same value. */
const everywhere = (value: unknown, more: object = {}) =>
  JSON.stringify({
    token: value,
    access_token: value,
    account: { name: 'a' },
    data: { login: { user: 'a', 'pass/word': value } },
    Credentials: {
      AccessKeyId: value,
      AccessKeySecret: value,
      SecurityToken: value,
      Expiration: '2026-11-24T13:00:00Z',
    },
    TempUsername: 'a',
    AuthorizationToken: value,
    Response: {
      Credentials: { TmpSecretId: value, TmpSecretKey: value, Token: value },
      Username: 'a',
      Token: value,
      ...more,
    },
    ...more,
  })

const bodies: Readonly<Record<string, string>> = {
  nothing: '',
  null: 'null',
  'a list': '[]',
  'a text': '"token"',
  'half a document': '{"token": "a',
  'a page': '<!DOCTYPE html><title>Sign in</title>',
  'a nesting of 100,000 levels': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  'no fields': '{}',
  'an empty password': everywhere(''),
  'a password that is a number': everywhere(7),
  'a password that is an object': everywhere({ toString: 'x' }),
  'a password with a line break': everywhere('a\r\nx-evil: 1'),
  'a password that is not ASCII': everywhere('пароль'),
  'a password of 64 KiB': everywhere('a'.repeat(65_537)),
  'a lifetime that is negative': everywhere('a', { expires_in: -1, expiry: 0, ExpireTime: 0, ExpTime: 0 }),
  'a lifetime without end': `{"access_token": "a", "expires_in": 1e999}`,
  'a lifetime that is a list': everywhere('a', { expires_in: [3600], expiry: [3600], ExpireTime: [1], ExpTime: [1] }),
  'compressed bytes': gzipSync(everywhere('a')).toString('latin1'),
}

for (const [vendor, registry] of registries) {
  suite(`hostile responses of ${vendor}`, () => {
    for (const [title, body] of Object.entries(bodies)) {
      test(`${title}: an error, and no credential`, async () => {
        const result = await respondWith(registry, { body })
        // Quay's response has no lifetime: it is an hour.
        if (vendor === 'quay' && title.startsWith('a lifetime')) return checkResult(result)
        assert.ok(result instanceof PullpassError, `it was accepted: ${JSON.stringify(result)}`)
        checkResult(result)
        assert.equal(result.code, 'RESPONSE_MALFORMED')
      })
    }

    test('a redirect is not followed, and an error that repeats the token is not quoted', async () => {
      const redirect = await respondWith(registry, { status: 307, headers: { location: 'https://evil.example.com' } })
      assert.equal(Object(redirect).code, 'REDIRECT_REFUSED')
      for (const text of [
        jwt,
        secret,
        Buffer.from(jwt).toString('base64'),
        encodeURIComponent(jwt),
        jwt.split('').join(' '),
      ]) {
        for (const status of [400, 401, 403, 404, 429, 500]) {
          const body = JSON.stringify({ error: 'invalid_grant', error_description: text, message: text, detail: text })
          checkResult(await respondWith(registry, { status, body }))
        }
      }
    })

    test('any status and JSON: an error in our form or a usable credential', async () => {
      const status = fc.constantFrom(200, 201, 202, 204, 206, 400, 401, 403, 404, 409, 418, 429, 500, 503)
      const value = fc.oneof(fc.jsonValue(), fc.constantFrom(jwt, 'a', 3600, '3600', '2026-11-24T13:00:00Z'))
      const body = fc.oneof(
        value.map((inner) => JSON.stringify(inner) ?? ''),
        fc
          .tuple(value, value)
          .map(([inner, life]) => everywhere(inner, { expires_in: life, expiry: life, error: inner })),
        fc.string(),
      )
      await fc.assert(
        fc.asyncProperty(status, body, async (code, text) => {
          checkResult(await respondWith(registry, { status: code, body: text }))
        }),
        { numRuns: 60 },
      )
    })
  })
}

for (const [vendor, each] of Object.entries(cases)) {
  if (vendor === 'token') continue
  test(`while ${vendor} fails, the last good credential stays in the pull secret`, async (t) => {
    const { sandbox, cloud, file } = await startVendor(t, each)
    const run = async () => await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal((await run()).exitCode, 0)
    const before = readPullSecret(sandbox, 'team-a')?.auths
    const { faults } = cloud.parts['tokens'] ?? assert.fail()
    for (const fault of [
      { kind: 'reset', at: 'request' },
      { kind: 'truncate' },
      { kind: 'response', response: { status: 200, body: { token: '' } } },
      { kind: 'response', response: { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync('{}') } },
      { kind: 'response', response: { status: 200, body: ' '.repeat(2 << 20) } },
    ] as const) {
      faults.clear()
      faults.inject(fault)
      const { exitCode, stderr } = await run()
      assert.equal(exitCode, 1)
      assert.match(stderr, /^(?:EXCHANGE_UNAVAILABLE|RESPONSE_MALFORMED|RESPONSE_TOO_LARGE) \(exchange\): /)
      assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, before)
    }
  })
}
