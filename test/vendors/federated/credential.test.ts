import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeSubjectToken } from '../../../src/identity/subject-token.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { exchangeFor, faultOf, loadRegistry } from '../exchange-registry.ts'
import { cases, startVendor } from './cases.ts'

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const claims = { iss: 'https://issuer.example.com', sub: 'system:serviceaccount:a:b', aud: ['x'], exp: 1_795_527_600 }
const subjectToken = decodeSubjectToken(new Redacted(`${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`), 'a token')
const jwt = (exp: number, iat?: number) =>
  `${encode({ alg: 'RS256' })}.${encode({ exp, ...(iat && { iat }), sub: 'jfac@1/users/robot' })}.c2ln`
const at = (text: string) => Date.parse(text) / 1000

async function expiryOf(registry: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  const response = { status: 200, headers, body: JSON.stringify(body) }
  const context = { ...fakeContext(), transport: async () => response }
  return (await exchangeFor(`hosts: [a.example.com], ${registry}`, subjectToken, context)).expiresAt?.toISOString()
}

const oidc = (more = '') => `audience: x, oidc: {url: "https://login.example.com/token", username: a${more}}`

suite('the expiry of an exchanged credential is', () => {
  const expiries: Readonly<Record<string, readonly [registry: string, body: object, expiry: string]>> = {
    'what the response states, from the time of the request': [
      oidc(),
      { access_token: 'a', expires_in: 1200 },
      '2026-11-24T12:20:00.000Z',
    ],
    'also where it is a text': [oidc(), { access_token: 'a', expires_in: '1200' }, '2026-11-24T12:20:00.000Z'],
    'at most the longest that the document allows': [
      oidc(', maxLifetime: 30m'),
      { access_token: 'a', expires_in: 86_400 },
      '2026-11-24T12:30:00.000Z',
    ],
    'that of a JWT, even if the response has a longer lifetime': [
      oidc(),
      { access_token: jwt(at('2026-11-24T12:10:00Z')), expires_in: 3600 },
      '2026-11-24T12:10:00.000Z',
    ],
    'the default of the document, where the response has none': [
      oidc(', defaultLifetime: 15m'),
      { access_token: 'a' },
      '2026-11-24T12:15:00.000Z',
    ],
    'an instant in RFC 3339': [
      oidc(', response: {expiresAt: /meta/until}'),
      { access_token: 'a', meta: { until: '2026-11-24T13:25:00+01:00' } },
      '2026-11-24T12:25:00.000Z',
    ],
    'an instant in seconds': [
      oidc(', response: {expiresAt: until}'),
      { access_token: 'a', until: at('2026-11-24T12:25:00Z') },
      '2026-11-24T12:25:00.000Z',
    ],
    'an instant in milliseconds': [
      oidc(', response: {expiresAt: until}'),
      { access_token: 'a', until: at('2026-11-24T12:25:00Z') * 1000 },
      '2026-11-24T12:25:00.000Z',
    ],
  }
  for (const [title, [registry, body, expiry]] of Object.entries(expiries)) {
    test(title, async () => assert.equal(await expiryOf(registry, body), expiry))
  }

  test('by the clock of this machine, where that of the server is ahead', async () => {
    const date = 'Tue, 24 Nov 2026 12:10:00 GMT'
    const body = { access_token: jwt(at('2026-11-24T12:40:00Z')) }
    assert.equal(await expiryOf(oidc(), body, { date }), '2026-11-24T12:30:00.000Z')
  })

  test('not later for a Date header that an intermediary set back', async () => {
    const date = 'Tue, 24 Nov 2026 11:00:00 GMT'
    const until = at('2026-11-24T12:10:00Z')
    const registry = oidc(', response: {expiresAt: until}')
    assert.equal(await expiryOf(registry, { access_token: 'a', until }, { date }), '2026-11-24T12:10:00.000Z')
    assert.equal(await expiryOf(oidc(), { access_token: jwt(until) }, { date }), '2026-11-24T12:10:00.000Z')
    const stated = { access_token: 'a', until, expires_in: 900 }
    assert.equal(await expiryOf(registry, stated, { date }), '2026-11-24T12:15:00.000Z')
  })

  test('for a machine that is ahead, at most the lifetime of a JWT from the request', async () => {
    const date = 'Tue, 24 Nov 2026 11:56:00 GMT'
    const iat = at('2026-11-24T11:56:00Z')
    const body = { access_token: jwt(at('2026-11-24T12:16:00Z'), iat) }
    assert.equal(await expiryOf(oidc(), body, { date }), '2026-11-24T12:20:00.000Z')
    const earlier = { access_token: jwt(at('2026-11-24T12:16:00Z'), iat - 60) }
    assert.equal(await expiryOf(oidc(), earlier, { date }), '2026-11-24T12:20:00.000Z')
  })

  const longest = oidc(', maxLifetime: 12h')
  for (const [title, iat, expiry] of [
    ['without iat', undefined, '2026-11-24T12:10:00.000Z'],
    ['with an old iat', '2026-11-24T10:00:00Z', '2026-11-24T12:10:00.000Z'],
    ['with an iat at that Date: at most five minutes later', '2026-11-23T16:00:00Z', '2026-11-24T12:15:00.000Z'],
  ] as const) {
    test(`that of a JWT ${title}, where the Date header is 20 hours back and expires_in is longer`, async () => {
      const date = 'Mon, 23 Nov 2026 16:00:00 GMT'
      const token = jwt(at('2026-11-24T12:10:00Z'), iat && at(iat))
      assert.equal(await expiryOf(longest, { access_token: token, expires_in: 43_200 }, { date }), expiry)
    })
  }

  for (const exp of ['1795522200', null, {}]) {
    test(`an error if exp of a JWT is ${JSON.stringify(exp)}`, async () => {
      const access_token = `${encode({ alg: 'RS256' })}.${encode({ exp })}.c2ln`
      const fault = await faultOf(expiryOf(oidc(), { access_token, expires_in: 3600 }))
      assert.equal(fault.code, 'RESPONSE_MALFORMED')
      assert.match(fault.seen, /but exp of its access_token is not a number$/)
    })
  }

  test('not guessed: a response without any is an error', async () => {
    const fault = await faultOf(expiryOf(oidc(), { access_token: 'a' }))
    assert.equal(fault.code, 'RESPONSE_MALFORMED')
    assert.match(fault.seen, /but it states no lifetime of the credential$/)
    assert.equal(
      fault.hint,
      'set oidc.defaultLifetime in the document to the lifetime that the service documents, such as 1h',
    )
  })
})

test('the error names the field of the response that contains no credential', async () => {
  const registry = oidc(', response: {password: /data/0/to~1ken}').replace('username: a, ', 'username: a, ')
  const fault = await faultOf(expiryOf(registry, { data: [{ 'to/ken': '' }], expires_in: 3600 }))
  assert.match(fault.seen, /but its \/data\/0\/to~1ken is empty$/)
  const inherited = await faultOf(expiryOf(oidc(', response: {password: /__proto__/constructor}'), { expires_in: 60 }))
  assert.match(inherited.seen, /it contains no \/__proto__\/constructor$/)
})

suite('JFrog’s user name', () => {
  const jfrog = 'hosts: [a.example.com], jfrog: {url: "https://acme.jfrog.io", providerName: cluster}'
  const exchange = async (body: object) => {
    const context = {
      ...fakeContext(),
      transport: async () => ({ status: 200, headers: {}, body: JSON.stringify(body) }),
    }
    return await exchangeFor(jfrog, subjectToken, context)
  }

  test('is that of the response, or the last part of the subject of the access token', async () => {
    const token = jwt(at('2026-11-24T13:00:00Z'))
    assert.equal((await exchange({ access_token: token, username: 'stated' })).username, 'stated')
    assert.equal((await exchange({ access_token: token })).username, 'robot')
    const ofGroup = `a.${encode({ sub: 'cluster/mapping', exp: at('2026-11-24T13:00:00Z') })}.c2ln`
    assert.equal((await exchange({ access_token: ofGroup })).username, 'cluster/mapping')
  })

  test('is required: without any it is an error', async () => {
    const fault = await faultOf(exchange({ access_token: 'opaque', expires_in: 3600 }))
    assert.match(fault.seen, /it contains no username, and its access_token is not a JWT with a subject$/)
  })
})

suite('a limitation of a credential is a warning of refresh and doctor:', () => {
  const warnings: Readonly<Record<string, readonly [vendor: string, seconds: number, code: string, fix: RegExp]>> = {
    'Quay does not check the audience': ['quay', 3600, 'AUDIENCE_UNCHECKED', /^use a service account for Quay alone/],
    'JFrog’s default of 60 seconds': ['jfrog', 60, 'CREDENTIAL_SHORT_LIVED', /^set token_spec\.expires_in/],
  }
  for (const [title, [vendor, seconds, code, fix]] of Object.entries(warnings)) {
    test(title, async (t) => {
      const each = cases[vendor] ?? assert.fail()
      const { sandbox, cloud, file } = await startVendor(t, each)
      if (cloud.settings !== undefined) cloud.settings.lifeSeconds = seconds
      const refresh = await runPullpass(sandbox, ['refresh', '-f', file, '--log-format', 'json'])
      assert.equal(refresh.exitCode, 0)
      const logged = refresh.stderr.split('\n').find((line) => line.includes(code)) ?? assert.fail(refresh.stderr)
      const entry = JSON.parse(logged)
      assert.deepEqual([entry.level, entry.code], ['warn', code])
      assert.match(entry.fix, fix)
      const { stdout, exitCode } = await runPullpass(sandbox, ['doctor', '-f', file, '-o', 'json'])
      const finding = JSON.parse(stdout).findings.find((one: { hop: string }) => one.hop === 'exchange')
      assert.deepEqual([finding.result, finding.code, exitCode], ['warning', code, 0])
    })
  }
})

test('vendors that could send a token to any address are not allowed in a document of a tenant', async () => {
  for (const registry of ['http: {}', 'oidc: {}', 'static: {}']) {
    const fault = await faultOf(loadRegistry(`hosts: [a.io], audience: x, ${registry}`, 'PullSecret'))
    assert.match(fault.seen, /is not a known field$/)
  }
  for (const registry of [
    'quay: {robot: a+robot, endpoint: "https://evil.example.com"}',
    'jfrog: {url: "https://evil.example.com", providerName: a}',
    'jfrog: {url: "https://jfrog.io.evil.example.com", providerName: a}',
  ]) {
    await faultOf(loadRegistry(`hosts: [a.io], ${registry}`, 'PullSecret'))
  }
  assert.equal((await loadRegistry('hosts: [quay.io], quay: {robot: a+robot}', 'PullSecret')).vendor, 'quay')
})
