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
import { exchangeAt, refusalAt, registryText, startAzure } from './azure-registry.ts'

const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
const noon = Date.parse('2026-11-24T12:00:00Z') / 1000

const ok = (body: object | string | Buffer, headers: Record<string, string> = {}): SandboxResponse => ({
  status: 200,
  headers,
  body,
})

/** By what is wrong: the response of Entra or of the registry, the code, and the end of what was seen. */
const entra: Readonly<Record<string, readonly [SandboxResponse, code: string, seen: RegExp]>> = {
  'a sign-in page': [ok('<html>'), 'RESPONSE_MALFORMED', /but not in JSON: 6 bytes of "text\/plain; charset=utf-8"$/],
  'a compressed body': [ok(gzipSync('{}')), 'RESPONSE_MALFORMED', /but not in JSON: \d+ bytes/],
  'a body of 2 MiB': [ok('x'.repeat(2 << 20)), 'RESPONSE_TOO_LARGE', /returned more than 1048576 bytes/],
  'a redirect': [{ status: 307, headers: { location: 'https://evil.example.com' } }, 'REDIRECT_REFUSED', /a redirect/],
  'no token': [ok({ expires_in: 3599 }), 'RESPONSE_MALFORMED', /it contains no access_token$/],
  'a token with a line break': [ok({ access_token: 'a\nb' }), 'RESPONSE_MALFORMED', /characters that no token has$/],
  'a lifetime that is not a number': [
    ok({ access_token: 'a', expires_in: 'soon' }),
    'RESPONSE_MALFORMED',
    /its expires_in is not a number$/,
  ],
  'a token that has expired': [
    ok({ access_token: 'a', expires_in: -1 }),
    'RESPONSE_MALFORMED',
    /its token is already expired, since 2026-11-24T11:59:59Z$/,
  ],
}
const registry: typeof entra = {
  ...Object.fromEntries(
    Object.entries(entra).filter(([, [, code, seen]]) => code !== 'RESPONSE_MALFORMED' || /JSON/.test(seen.source)),
  ),
  'no refresh token': [ok({ access_token: 'a' }), 'RESPONSE_MALFORMED', /it contains no refresh_token$/],
  'a refresh token that is not a JWT': [
    ok({ refresh_token: 'opaque' }),
    'RESPONSE_MALFORMED',
    /its refresh_token is not a JWT$/,
  ],
  'one of 40,000 characters': [
    ok({ refresh_token: `e30.${'a'.repeat(40_000)}.c2ln` }),
    'RESPONSE_MALFORMED',
    /its refresh_token is not a JWT$/,
  ],
  'one without expiry': [
    ok({ refresh_token: jwt({ aud: 'example.azurecr.io' }) }),
    'RESPONSE_MALFORMED',
    /its refresh_token does not state when it expires$/,
  ],
  'one whose expiry is text': [
    ok({ refresh_token: jwt({ exp: 'never' }) }),
    'RESPONSE_MALFORMED',
    /exp of its refresh_token is not a number$/,
  ],
  'one that has expired': [
    ok({ refresh_token: jwt({ exp: noon - 60 }) }),
    'RESPONSE_MALFORMED',
    /its token is already expired, since 2026-11-24T11:59:00Z$/,
  ],
  'one before all dates': [
    ok({ refresh_token: jwt({ exp: -1e300 }) }),
    'RESPONSE_MALFORMED',
    /its expiry is not a valid date$/,
  ],
}

test('a response that is not as documented is an error, without a part of it', async (t) => {
  const azureTest = await startAzure(t)
  const { entra: entraPart, containerRegistry } = azureTest.azure.parts
  for (const [part, hop, rows] of [
    [entraPart, 'exchange', entra],
    [containerRegistry, 'exchange/registry', registry],
  ] as const) {
    for (const [title, [response, code, seen]] of Object.entries(rows)) {
      await t.test(`${hop}: ${title}`, async () => {
        part.faults.inject({ kind: 'response', response })
        const fault = await refusalAt(azureTest)
        part.faults.clear()
        assert.deepEqual([fault.code, fault.hop], [code, hop], fault.message)
        assert.match(fault.seen, seen)
      })
    }
  }

  await t.test('an expiry beyond three hours, or beyond the lifetime of the token, is not trusted', async () => {
    const claims = { 3: { exp: 1e11 }, 1: { exp: noon + 3600, iat: noon } }
    for (const [hours, own] of Object.entries(claims)) {
      for (const date of ['Thu, 01 Jan 1970 00:00:00 GMT', 'Mon, 23 Nov 2026 13:00:00 GMT']) {
        const response = ok({ refresh_token: jwt(own) }, { date })
        containerRegistry.faults.inject({ kind: 'response', response }, { times: 1 })
        const { credential } = await exchangeAt(azureTest)
        assert.equal(credential.expiresAt?.getTime(), (noon + Number(hours) * 3600) * 1000, `${hours} h, ${date}`)
      }
    }
  })

  await t.test('a truncated or reset connection is tried again', async () => {
    for (const fault of [{ kind: 'truncate' }, { kind: 'reset', at: 'response' }] as const) {
      containerRegistry.faults.inject(fault, { times: 1 })
      await exchangeAt(azureTest)
    }
  })
})

test('any response of a server results in a credential or an error without a token', async () => {
  const canary = 'canary-0123456789abcdefghij'
  const token = { ...subjectToken, value: new Redacted(canary) }
  const text = fc.oneof(fc.string(), fc.constant(canary), fc.constant(jwt({ exp: noon + 600 })))
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record(
        {
          access_token: text,
          refresh_token: text,
          expires_in: fc.oneof(fc.double(), fc.string()),
          error: text,
          error_description: text,
          error_codes: fc.array(fc.oneof(fc.integer(), fc.constantFrom(700211, 700024, 7000272), fc.string())),
          errors: fc.array(fc.record({ code: text, message: text }, { requiredKeys: [] })),
        },
        { requiredKeys: [] },
      )
      .map((fields) => JSON.stringify(fields)),
  )
  const response = fc.record({ status: fc.constantFrom(200, 200, 400, 401, 403, 404, 429, 500), body })
  await fc.assert(
    fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 3 }), async (responses) => {
      const context = fakeContext({ at: '2026-11-24T12:00:00Z' })
      let sent = 0
      const transport = async () => {
        const { status, body: content } = responses[sent++ % responses.length] ?? { status: 500, body: '' }
        return { status, headers: {}, body: content }
      }
      const fields = registryText('repositories: [team/app]')
      const result = await exchangeFor(fields, { ...token }, { ...context, transport }).catch((error: unknown) => error)
      if (result instanceof Error) {
        assert.ok(result instanceof PullpassError, String(result))
        assert.ok(!result.message.includes(canary))
      } else assert.ok(Object(result).expiresAt > context.now())
    }),
    { numRuns: 300 },
  )
})
