import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { subjectToken } from '../../support/subject-token.ts'
import { exchangeFor } from '../exchange-registry.ts'
import { host, role, startAwsTest } from './exchange-at-sandbox.ts'

const session = (changes: object) => ({
  AssumeRoleWithWebIdentityResponse: {
    AssumeRoleWithWebIdentityResult: {
      Credentials: {
        AccessKeyId: 'ASIAEXAMPLE',
        SecretAccessKey: 's',
        SessionToken: 't',
        Expiration: 1_795_525_200,
        ...changes,
      },
    },
  },
})

const encoded = (text: string) => Buffer.from(text).toString('base64')
const token = (changes: object) => ({
  authorizationData: [{ authorizationToken: encoded('AWS:password'), expiresAt: 1_795_564_800, ...changes }],
})

const sessions: Readonly<Record<string, readonly [body: object | string, seen: string]>> = {
  'no credentials': [{}, 'it contains no Credentials'],
  'an empty key': [session({ AccessKeyId: '' }), 'its AccessKeyId is empty'],
  'a key with a line break': [
    session({ AccessKeyId: 'a\r\nb' }),
    'its AccessKeyId contains characters that no token has',
  ],
  'no session token': [session({ SessionToken: undefined }), 'it contains no SessionToken'],
  'a session token of 64 KiB': [
    session({ SessionToken: 'a'.repeat(65_537) }),
    'its SessionToken is longer than 65536 characters',
  ],
  'an expiry that is not a time': [session({ Expiration: 'soon' }), 'its Expiration is not a time'],
  'no expiry': [session({ Expiration: undefined }), 'it contains no Expiration'],
  'an expiry in the past': [
    session({ Expiration: 1_795_521_540 }),
    'its token is already expired, since 2026-11-24T11:59:00Z',
  ],
  'JSON that is not an object': ['[]', 'it contains no Credentials'],
  'XML of another document': ['<html><body>Sign in</body></html>', 'it contains no Credentials'],
}

const tokens: Readonly<Record<string, readonly [body: object | string, seen: string]>> = {
  'no data': [{}, 'it contains no authorizationToken'],
  'an empty list': [{ authorizationData: [] }, 'it contains no authorizationToken'],
  'a password of another user': [
    token({ authorizationToken: encoded('admin:password') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'an empty password': [
    token({ authorizationToken: encoded('AWS:') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'a password with a line break': [
    token({ authorizationToken: encoded('AWS:a\nb') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'a token that is not base64': [
    token({ authorizationToken: '%%%' }),
    'its authorizationToken contains no password of user AWS',
  ],
  'no expiry': [token({ expiresAt: undefined }), 'it contains no expiresAt'],
  'an expiry that is not a number': [token({ expiresAt: 'soon' }), 'its expiresAt is not a time'],
  'an expiry in the past': [
    token({ expiresAt: 1_420_070_400 }),
    'its token is already expired, since 2015-01-01T00:00:00Z',
  ],
}

/** ECR Public responds with one token, and not with a list. */
const publicTokens = Object.fromEntries(
  Object.entries(tokens).map(([name, [body, seen]]) => {
    const [only] = typeof body === 'object' && 'authorizationData' in body ? [body.authorizationData].flat() : []
    return [name, [only === undefined ? body : { authorizationData: only }, seen] as const]
  }),
)

const ofPublic = `hosts: [public.ecr.aws], awsPublic: {roleArn: "${role}"}`

test('a response of AWS', async (t) => {
  const { cloud, exchange, refusal: refusalOf } = await startAwsTest(t)
  const { sts, ecr, ecrPublic } = cloud.parts
  for (const [part, hop, cases, registry] of [
    [sts, 'exchange', sessions, undefined],
    [ecr, 'exchange/authorization', tokens, undefined],
    [sts, 'exchange', sessions, ofPublic],
    [ecrPublic, 'exchange/authorization', publicTokens, ofPublic],
  ] as const) {
    const refusal = async () => await refusalOf(registry === undefined ? {} : { registry })
    const at = `${hop}, ${registry === undefined ? 'aws' : 'awsPublic'}`
    for (const [name, [body, seen]] of Object.entries(cases)) {
      await t.test(`with ${name} is not a credential (${at})`, async () => {
        part.faults.inject({ kind: 'response', response: { status: 200, body } }, { times: 1 })
        const fault = await refusal()
        assert.deepEqual([fault.code, fault.hop], ['RESPONSE_MALFORMED', hop])
        assert.ok(fault.seen.endsWith(`, but ${seen}`), fault.seen)
      })
    }

    const bodies: Readonly<Record<string, readonly [response: SandboxResponse, code: string]>> = {
      'a sign-in page': [
        { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><p>Sign in' },
        'RESPONSE_MALFORMED',
      ],
      'two megabytes': [{ status: 200, body: 'a'.repeat(2_000_000) }, 'RESPONSE_TOO_LARGE'],
      'a compressed bomb': [
        { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(20_000_000, 'a')) },
        'RESPONSE_MALFORMED',
      ],
      'deeply nested JSON': [{ status: 400, body: '['.repeat(100_000) }, 'EXCHANGE_REFUSED'],
      'deeply nested XML': [{ status: 400, body: '<a>'.repeat(100_000) }, 'EXCHANGE_REFUSED'],
      'an error of a megabyte': [
        {
          status: 400,
          body: { __type: 'E', message: 'x'.repeat(900_000), Error: { Code: 'E', Message: 'x'.repeat(900_000 / 10) } },
        },
        'EXCHANGE_REFUSED',
      ],
      'a redirect': [{ status: 307, headers: { location: 'https://attacker.example.com/' } }, 'REDIRECT_REFUSED'],
      'control characters': [
        {
          status: 403,
          body: {
            __type: 'AccessDeniedException',
            message: '\u001b[2J',
            Error: { Code: 'AccessDenied', Message: '\u001b[2J' },
          },
        },
        hop === 'exchange' ? 'CONDITION_REFUSED' : 'IMPERSONATION_DENIED',
      ],
    }
    for (const [name, [response, code]] of Object.entries(bodies)) {
      await t.test(`that is ${name} is one clear error (${at})`, async () => {
        part.faults.inject({ kind: 'response', response }, { times: 4 })
        const fault = await refusal()
        part.faults.clear()
        assert.deepEqual([fault.code, fault.hop], [code, hop])
        assert.ok(fault.message.length < 2500, `${fault.message.length}`)
        assert.doesNotMatch(fault.message, /(?!\n)\p{Cc}/u)
      })
    }
  }

  await t.test('with an expiry in years is not trusted: a session is valid for the requested duration', async () => {
    const long = token({ expiresAt: 4_102_444_800 })
    ecr.faults.inject({ kind: 'response', response: { status: 200, body: long } }, { times: 1 })
    const { credential } = await exchange()
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
  })

  await t.test('with an earlier expiry of the password has that one', async () => {
    ecr.faults.inject(
      { kind: 'response', response: { status: 200, body: token({ expiresAt: 1_795_523_400.5 }) } },
      { times: 1 },
    )
    const { credential } = await exchange()
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:30:00.500Z')
  })
})

test('any sequence of responses results in a credential or one error without the token', async () => {
  const secret = 'eyJhbGciOiJSUzI1NiJ9.a-token-that-must-never-be-shown.signature'
  const field = fc.oneof(fc.string(), fc.double(), fc.constant(undefined), fc.constant(1_795_525_200))
  const named = (...names: string[]) => fc.record(Object.fromEntries(names.map((name) => [name, field])))
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    named('AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration').map((one) => JSON.stringify(session(one))),
    named('authorizationToken', 'expiresAt').map((one) => JSON.stringify(token(one))),
    named('Code', 'Message').map((one) => JSON.stringify({ Error: one })),
    named('__type', 'message').map((one) => JSON.stringify(one)),
    fc.constant(JSON.stringify(session({}))),
    fc.constant(JSON.stringify({ Error: { Code: 'InvalidIdentityToken', Message: `cannot read ${secret}` } })),
    fc.constant(`<a>${secret}</a>`),
  )
  const response = fc.record({ status: fc.constantFrom(200, 200, 200, 400, 403, 429, 503), body })
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 8 }), async (responses) => {
      let at = 0
      const transport = async () => {
        const { status, body: text } = responses[at++ % responses.length] ?? assert.fail()
        return { status, headers: {}, body: text }
      }
      const context = { ...fakeContext({ at: '2026-11-24T12:00:00Z' }), transport }
      const registry = `hosts: [${host}], aws: {roleArn: "${role}", region: eu-west-1}`
      const result = await exchangeFor(registry, { ...subjectToken, value: new Redacted(secret) }, context).catch(
        (error: unknown) => error,
      )
      if (result instanceof PullpassError) {
        assert.ok(!result.message.includes('must-never-be-shown'), result.message)
      } else assert.equal(Object(result).username, 'AWS', String(result))
    }),
    { numRuns: 60 },
  )
})
