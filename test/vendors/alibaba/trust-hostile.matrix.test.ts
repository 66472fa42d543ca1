import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { startTwoClusters } from '../../commands/trust/two-clusters.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTrustTest, trustDocument } from './run-trust.ts'

const role = (AssumeRolePolicyDocument: unknown): SandboxResponse => ({
  status: 200,
  body: { Role: { RoleName: 'puller', Description: 'pullpass:0123456789ab', AssumeRolePolicyDocument } },
})

/** In place of the response of GetRole. */
const responses: Readonly<Record<string, readonly [response: SandboxResponse, seen: RegExp]>> = {
  'a sign-in page': [{ status: 200, body: '<!DOCTYPE html><p>Sign in' }, /but not in JSON/],
  'a list': [{ status: 200, body: '[1]' }, /but it is not an object/],
  'two megabytes': [{ status: 200, body: `"${'b'.repeat(2_000_000)}"` }, /more than 1048576 bytes/],
  'a redirect': [{ status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
  'an error without a code': [{ status: 400, body: { Message: 'no' } }, /TRUST_/],
  'an error of another form': [{ status: 403, body: { Code: { a: 1 }, Message: ['b'] } }, /TRUST_/],
  'a trust policy that is not JSON': [role('Allow'), /the trust policy of role .* cannot be read/],
  'a trust policy of another type': [role({ Statement: [] }), /the trust policy of role .* cannot be read/],
  'a trust policy with statements of other types': [
    role('{"Statement":[1,"a"]}'),
    /the trust policy .* cannot be read/,
  ],
  'a trust policy that is deeply nested': [
    role(`{"Statement":[{"Condition":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`),
    /the trust policy of role .* cannot be read/,
  ],
}

test('trust at Alibaba Cloud creates no role after a response that it cannot use:', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  for (const [name, [response, seen]] of Object.entries(responses)) {
    await t.test(name, async () => {
      const { ram } = cloud.parts
      ram.faults.inject({ kind: 'response', response }, { when: ({ body }) => body?.toString() === 'RoleName=puller' })
      const run = await trust(['apply', '--yes', '--no-verify'])
      ram.faults.clear()
      assert.equal(run.exitCode, 1)
      assert.match(run.stderr, seen)
      assert.doesNotMatch(run.stderr, /ExampleSecret/)
      assert.equal(cloud.account.roles.size, 0)
    })
  }
})

test('several clusters have a role and a provider of their own at Alibaba Cloud, or share a role', async (t) => {
  const { sandbox, environment } = await startTwoClusters(t)
  const cloud = await sandbox.start(sandboxVendors.alibaba)
  const file = await sandbox.write('pull.yaml', trustDocument(sandbox, cloud))
  const contexts = ['--context', 'sandbox', '--context', 'gke_example_europe-west1_second']
  const run = async (...words: readonly string[]) =>
    await runPullpass(sandbox, ['trust', ...words, ...contexts, '-f', file], { environment })
  const own = await run('apply', '--yes', '--no-verify')
  assert.equal(own.exitCode, 0, own.stderr)
  const second = 'gke-example-europe-west1-fd317f'
  assert.deepEqual([...cloud.account.roles.keys()], ['sandbox', second])
  assert.deepEqual(
    [...cloud.account.providers.values()].map(({ name, issuer }) => [name, issuer]),
    [
      ['sandbox', sandbox.cluster.issuer],
      [second, 'https://second.example.com'],
    ],
  )
  assert.equal((await run('destroy', '--yes')).exitCode, 0)
  assert.equal(cloud.account.roles.size + cloud.account.providers.size + cloud.account.policies.size, 0)

  const shared = await run('apply', '--yes', '--no-verify', '--share-trust-domain')
  assert.equal(shared.exitCode, 0, shared.stderr)
  assert.deepEqual([...cloud.account.roles.keys()], ['puller'])
  assert.deepEqual([...cloud.account.providers.keys()], ['sandbox', second])
  const { Statement: statements } = JSON.parse(cloud.account.roles.get('puller')?.trust ?? '')
  assert.equal(statements.length, 2)
  assert.equal((await run('destroy', '--yes', '--share-trust-domain')).exitCode, 0)
  assert.equal(cloud.account.roles.size + cloud.account.providers.size + cloud.account.policies.size, 0)
})
