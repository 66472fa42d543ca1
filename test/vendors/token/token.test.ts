import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bindExchange } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { subjectToken } from '../../support/subject-token.ts'
import { documentOf, exchangeFor, faultOf, loadRegistry } from '../exchange-registry.ts'

const registry = 'hosts: [zot.example.com], audience: "https://zot.example.com", token: {}'
const context = fakeContext({ at: '2025-11-24T11:30:00Z' })

suite('an identity token as password', () => {
  test('has the user name of the document, and the expiry of the token', async () => {
    const credential = await exchangeFor(registry, subjectToken, context)
    assert.deepEqual(credential, {
      hosts: ['zot.example.com'],
      username: 'jwt',
      password: subjectToken.value,
      expiresAt: subjectToken.expiresAt,
    })
    const named = await exchangeFor(registry.replace('{}', '{username: robot$ci}'), subjectToken, context)
    assert.equal(named.username, 'robot$ci')
  })

  test('is requested for the audience of the registry, for an hour or the lifetime of the document', async () => {
    const bound = await bindExchange(await loadRegistry(registry), vendors)
    assert.deepEqual([bound.audiences, bound.subjectTokenLifeSeconds], [['https://zot.example.com'], 3600])
    const short = await bindExchange(await loadRegistry(registry.replace('{}', '{lifetime: 20m}')), vendors)
    assert.deepEqual([short.subjectTokenLifeSeconds, short.credentialLifeSeconds], [1200, 1200])
  })

  test('is not written where it has an audience of the API server', async () => {
    for (const audiences of [[], ['https://kubernetes.default.svc'], ['sts', subjectToken.issuer]]) {
      const fault = await faultOf(exchangeFor(registry, { ...subjectToken, audiences }, context))
      assert.deepEqual([fault.code, fault.hop], ['AUDIENCE_MISMATCH', 'subject-token'])
      assert.match(fault.seen, /which API servers accept; it was not sent$/)
    }
  })

  test('is not written once it has expired', async () => {
    const fault = await faultOf(exchangeFor(registry, subjectToken, fakeContext({ at: '2025-11-24T12:00:00Z' })))
    assert.deepEqual([fault.code, fault.hop], ['TOKEN_EXPIRED', 'subject-token'])
  })

  test('is allowed in a document of a tenant', async () => {
    assert.equal((await loadRegistry(registry, 'PullSecret')).vendor, 'token')
  })
})

suite('a document is refused for', () => {
  const cases: Readonly<Record<string, readonly [registry: string, seen: string, expected: RegExp]>> = {
    'an identity token without audience': [
      'hosts: [zot.example.com], token: {}',
      '-:9:7: spec.registries[0].audience is missing',
      /^the audience that the verifier of the token expects/,
    ],
    'an audience of the API server': [
      'hosts: [zot.example.com], audience: "https://kubernetes.default.svc", token: {}',
      '-:9:58: spec.registries[0].audience is "https://kubernetes.default.svc"',
      /^an audience that only the registry or its cloud accepts: API servers accept this one/,
    ],
    'a user name with a colon': [
      'hosts: [zot.example.com], audience: zot, token: {username: "a:b"}',
      '-:9:81: spec.registries[0].token.username is "a:b"',
      /^a user name without spaces and ":"$/,
    ],
    'a lifetime that API servers do not grant': [
      'hosts: [zot.example.com], audience: zot, token: {lifetime: 5m}',
      '-:9:81: spec.registries[0].token.lifetime is "5m"',
      /^a lifetime from 10m to 24h, such as 1h$/,
    ],
  }
  for (const [title, [written, seen, expected]] of Object.entries(cases)) {
    test(title, async () => {
      const fault = await faultOf(loadRegistry(written))
      assert.deepEqual([fault.code, fault.seen], ['DOCUMENT_INVALID', seen])
      assert.match(fault.expected ?? '', expected)
    })
  }
})

test('refresh writes the requested token, and refreshes it before it expires', async (t) => {
  const sandbox = await startTestSandbox(t)
  const file = await sandbox.write('token.yaml', documentOf(registry))
  const run = () => runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '35m'])
  assert.match((await run()).stdout, /images +created +2026-11-24T13:00:00Z/)
  const first = readPullSecret(sandbox, 'team-a')
  const [, token = ''] = first?.auths['zot.example.com']?.split(':') ?? []
  const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual(Object(claims).aud, ['https://zot.example.com'])
  assert.equal(first?.annotations['pullpass.dev/expires-at'], '2026-11-24T13:00:00.000Z')

  sandbox.clock.advance('20 min')
  assert.match((await run()).stdout, /images +unchanged/)
  sandbox.clock.advance('10 min')
  assert.match((await run()).stdout, /images +updated +2026-11-24T13:30:00Z/)
})
