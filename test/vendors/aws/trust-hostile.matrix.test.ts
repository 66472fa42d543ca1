import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { startTrustTest } from './run-trust.ts'

const xml = (action: string, result: string): SandboxResponse => ({
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: `<${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><${action}Result>${result}</${action}Result></${action}Response>`,
})

const role = (document: string) =>
  xml(
    'GetRole',
    `<Role><Arn>arn:aws:iam::123456789012:role/puller</Arn><Description>pullpass:0123456789ab</Description><AssumeRolePolicyDocument>${document}</AssumeRolePolicyDocument></Role>`,
  )

/** In place of one response of IAM. */
const responses: Readonly<Record<string, readonly [action: string, response: SandboxResponse, seen: RegExp]>> = {
  'a sign-in page': ['GetRole', { status: 200, body: '<!DOCTYPE html><p>Sign in' }, /but not in JSON or XML/],
  'another document': ['GetRole', { status: 200, body: '<a><b>c</b></a>' }, /it contains no GetRoleResponse/],
  'two megabytes': ['GetRole', { status: 200, body: `<a>${'b'.repeat(2_000_000)}</a>` }, /more than 1048576 bytes/],
  'deeply nested XML': ['GetRole', { status: 400, body: '<a>'.repeat(50_000) }, /without a known reason/],
  'entities of its own': [
    'GetRole',
    {
      status: 200,
      body: '<!DOCTYPE a [<!ENTITY b "c">]><GetRoleResponse><GetRoleResult>&b;</GetRoleResult></GetRoleResponse>',
    },
    /but not in JSON or XML/,
  ],
  'a redirect': ['GetRole', { status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
  'a trust policy that is not encoded correctly': [
    'GetRole',
    role('%ZZ'),
    /the trust policy of role .* cannot be read/,
  ],
  'a trust policy that is not JSON': ['GetRole', role('Allow'), /the trust policy of role .* cannot be read/],
  'a trust policy that is a list': ['GetRole', role('%5B1%2C2%5D'), /the trust policy of role .* cannot be read/],
  'a trust policy with statements of other types': [
    'GetRole',
    role('%7B%22Statement%22%3A%5B1%2C%22a%22%5D%7D'),
    /the trust policy of role .* cannot be read/,
  ],
  'a role of another name': [
    'GetRole',
    xml('GetRole', '<Role><Arn>arn:aws:iam::123456789012:role/other/puller</Arn></Role>'),
    /exists, with another path than/,
  ],
  'a secret of the operator': [
    'GetRole',
    xml('GetRole', '<Role><Arn>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</Arn></Role>'),
    /but it repeats a secret of this run/,
  ],
}

test('a response of IAM', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  await trust(['apply', '--yes'])
  for (const [name, [action, response, seen]] of Object.entries(responses)) {
    await t.test(`that is ${name} is one clear error, and changes nothing`, async () => {
      const before = [cloud.account.roles.get('puller'), [...cloud.account.providers.values()]]
      const when = ({ body }: { body?: Buffer }) => new URLSearchParams(body?.toString()).get('Action') === action
      cloud.parts.iam.faults.inject({ kind: 'response', response }, { when, times: 8 })
      const { exitCode, stdout, stderr } = await trust(['plan'])
      const applied = await trust(['apply', '--yes', '--no-verify'])
      cloud.parts.iam.faults.clear()
      assert.equal(exitCode, 1)
      assert.match(stdout + stderr, seen)
      assert.ok(stderr.length < 4000, `${stderr.length}`)
      assert.doesNotMatch(stdout + stderr, /wJalrXUtnFEMI|attacker/)
      assert.equal(applied.exitCode, 1)
      assert.deepEqual(resultsOf(applied), ['unchanged', 'failed', 'unchanged'])
      assert.deepEqual([cloud.account.roles.get('puller'), [...cloud.account.providers.values()]], before)
    })
  }
})

test('destroy keeps the provider where the list of roles has no end', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  await trust(['apply', '--yes'])
  const when = ({ body }: { body?: Buffer }) => new URLSearchParams(body?.toString()).get('Action') === 'ListRoles'
  const response = xml('ListRoles', '<IsTruncated>true</IsTruncated><Marker>next</Marker><Roles></Roles>')
  cloud.parts.iam.faults.inject({ kind: 'response', response }, { when })
  const { stdout } = await trust(['destroy', '--yes'])
  assert.match(stdout, /the account has too many roles to list those that trust it/)
  assert.equal(cloud.account.providers.size, 1)
})
