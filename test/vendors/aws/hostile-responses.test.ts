import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { subjectToken } from '../../support/subject-token.ts'
import { exchangeFor } from '../exchange-registry.ts'
import { host, role, startAwsTest } from './exchange-at-sandbox.ts'
import { session, testHostile, testUnusable, token } from './unusable-responses.ts'

test('a response of AWS', async (t) => {
  // Of ECR Public, and hostile ones of each request: hostile-responses.matrix.test.ts.
  await testUnusable(t, ['session', 'authorization'])
  await testHostile(t, ['session'])
  const { cloud, exchange } = await startAwsTest(t)
  const { ecr } = cloud.parts

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
