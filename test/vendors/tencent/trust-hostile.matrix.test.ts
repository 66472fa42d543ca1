import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { startTrustTest } from './run-trust.ts'

const responded = (fields: object): SandboxResponse => ({ status: 200, body: { Response: fields } })
const provider = (changes: object) =>
  responded({ Name: 'cluster', IdentityUrl: 'https://issuer.example.com', ClientId: [], IdentityKey: '', ...changes })

/** In place of one response of CAM. */
const responses: Readonly<Record<string, readonly [of: string, response: SandboxResponse, seen: RegExp]>> = {
  'a sign-in page': [
    'RoleName',
    { status: 200, body: '<!DOCTYPE html><p>Sign in' },
    /without a known reason|not in JSON/,
  ],
  'another document': ['RoleName', { status: 200, body: '{"a":{"b":"c"}}' }, /it contains no Response/],
  'two megabytes': ['RoleName', { status: 200, body: `"${'b'.repeat(2_000_000)}"` }, /more than 1048576 bytes/],
  'a redirect': ['RoleName', { status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
  'a role without a trust policy': ['RoleName', responded({ RoleInfo: { RoleName: 'puller' } }), /cannot be read/],
  'a role of other types': ['RoleName', responded({ RoleInfo: [1], RequestId: {} }), /cannot be read/],
  'a provider without keys': [
    '"Name"',
    provider({ IdentityKey: 'e30=' }),
    /its issuer is https:\/\/issuer\.example\.com, not /,
  ],
  'a provider of other types': [
    '"Name"',
    provider({ IdentityUrl: 1, ClientId: 'a', Description: [] }),
    /its issuer is , not /,
  ],
  'policies of other types': [
    'Keyword',
    responded({ List: [null, { PolicyName: {} }, 'a'], TotalNum: -1 }),
    /^would-create +policy/m,
  ],
  'a list of 400,000 items': [
    'Keyword',
    responded({ List: Array.from({ length: 400_000 }, () => 0) }),
    /TRUST_REFUSED|^would-create +policy/m,
  ],
  'a policy of many roles with long names': [
    '"PolicyId":\\d+,"Page"',
    responded({
      List: Array.from({ length: 199 }, (_, index) => ({ RelatedType: 4, Name: `${index}`.padEnd(128, 'a') })),
    }),
    /it is also attached to 0a+, .* and 179 more/,
  ],
  'an error of other types': ['RoleName', responded({ Error: { Code: 1, Message: {} } }), /responded with 200/],
  'control characters in an error': [
    'RoleName',
    responded({ Error: { Code: 'InvalidParameter\u001b[31m', Message: `a\nfix: ${'b'.repeat(5000)}` } }),
    /"InvalidParameter \[31m: a fix: b+…"/,
  ],
  'a secret of the operator': [
    'RoleName',
    responded({ RoleInfo: { Description: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE' } }),
    /but it repeats a secret of this run/,
  ],
}

test('a response of CAM', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  await trust(['apply', '--yes', '--no-verify'])
  const state = () => JSON.stringify([...cloud.account.providers, ...cloud.account.roles, ...cloud.account.policies])
  const before = state()

  for (const [title, [of, response, seen]] of Object.entries(responses)) {
    await t.test(`with ${title} changes nothing, and is reported without a secret`, async () => {
      const when = ({ body }: { readonly body?: Buffer }) => new RegExp(of).test(body?.toString() ?? '')
      cloud.parts.cam.faults.inject({ kind: 'response', response }, { when })
      const { exitCode, stdout, stderr } = await trust(['plan'])
      cloud.parts.cam.faults.clear()
      assert.ok([0, 1].includes(exitCode), stderr)
      assert.match(stdout + stderr, seen)
      assert.ok(stderr.length < 4000 && stdout.length < 8000, `${stderr.length}, ${stdout.length}`)
      assert.doesNotMatch(stdout + stderr, /Gu5t9xGARNpq86cd98joQYCN3EXAMPLE|attacker|INTERNAL|\p{Cf}|(?!\n)\p{Cc}/u)
      assert.equal(state(), before)
    })
  }

  await t.test('with a list of roles that has no end keeps the provider', async () => {
    const List = Array.from({ length: 200 }, () => ({ RoleName: 'other', PolicyDocument: '{}' }))
    const when = ({ body }: { readonly body?: Buffer }) => /^\{"Page":\d+,"Rp":200\}$/.test(body?.toString() ?? '')
    cloud.parts.cam.faults.inject({ kind: 'response', response: responded({ List }) }, { when })
    const { stdout } = await trust(['destroy', '--dry-run'])
    cloud.parts.cam.faults.clear()
    assert.match(stdout, /the account has too many roles to list those that trust it/)
  })

  await t.test('that is unavailable once is requested again', async () => {
    cloud.parts.cam.faults.inject(
      { kind: 'response', response: responded({ Error: { Code: 'InternalError.SystemError', Message: '' } }) },
      { times: 1 },
    )
    assert.deepEqual(resultsOf(await trust(['plan'])), ['unchanged', 'unchanged', 'unchanged'])
  })

  await t.test('with a list of entities that has no end keeps the policy', async () => {
    const List = Array.from({ length: 200 }, () => ({ RelatedType: 4, Name: 'other' }))
    const when = ({ body }: { readonly body?: Buffer }) => /"PolicyId":\d+,"Page"/.test(body?.toString() ?? '')
    cloud.parts.cam.faults.inject({ kind: 'response', response: responded({ List }) }, { when })
    const { stdout } = await trust(['destroy', '--yes'])
    cloud.parts.cam.faults.clear()
    assert.match(stdout, /it was only detached from the role: too many to list still use it/)
    assert.equal(cloud.account.policies.size, 1)
  })
})

test('a resource that CAM does not show immediately is waited for', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  const once = (of: string, Code: string) =>
    cloud.parts.cam.faults.inject(
      { kind: 'response', response: responded({ Error: { Code, Message: '' } }) },
      { when: ({ body }) => body?.includes(of) === true, times: 1 },
    )
  once('AssumeRoleWithWebIdentity', 'InvalidParameter.PrincipalQcsNotExist')
  once('AttachRoleName', 'InvalidParameter.PolicyIdNotExist')
  const run = await trust(['apply', '--yes', '--no-verify'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(resultsOf(run), ['created', 'created', 'granted'])
  assert.equal(cloud.account.attached('puller').size, 1)
})
