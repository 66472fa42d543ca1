import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../sandbox/aws/iam/policy.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { role } from './exchange-at-sandbox.ts'
import { startTrustTest } from './run-trust.ts'

const otherMark = 'pullpass:aaaaaaaaaaaa'
const description = `${otherMark} pulls images for the cluster of https://prod.example.com`

/** Of the role that pullpass created for another cluster. */
const otherTrust: Policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'Pullpassaaaaaaaaaaaa00000000',
      Effect: 'Allow',
      Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/prod.example.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'prod.example.com:sub': 'system:serviceaccount:image-system:pullpass',
          'prod.example.com:aud': 'sts.amazonaws.com',
        },
      },
    },
  ],
}

test('a role that pullpass created for another cluster', async (t) => {
  const { cloud, trust, mark } = await startTrustTest(t)
  const roleNow = () => cloud.account.roles.get('puller')
  const statements = () => [roleNow()?.trustPolicy.Statement ?? []].flat()

  await t.test('is refused, also with --yes and --replace', async () => {
    for (const more of [[], ['--replace', 'trustPolicy']]) {
      cloud.putRole('puller', { trust: otherTrust, description })
      const before = roleNow()
      const run = await trust(['apply', '--yes', '--no-verify', ...more])
      assert.equal(run.exitCode, 1)
      assert.deepEqual(resultsOf(run).slice(1), ['failed', 'blocked'])
      const seen = `role ${role} belongs to another cluster: pullpass created ${role} for another cluster, with the mark ${otherMark}`
      assert.match(run.stderr, new RegExp(`^TRUST_DOMAIN_SHARED \\(trust\\): ${seen}$`, 'm'))
      assert.match(run.stderr, /^ {2}fix: set another role in aws\.roleArn; or, .*: --share-trust-domain$/m)
      assert.equal(roleNow(), before)
    }
  })

  await t.test('is refused also if its description has the mark of this cluster', async () => {
    for (const both of [`pullpass:${mark} ${description}`, `${description} pullpass:${mark}`]) {
      cloud.putRole('puller', { trust: otherTrust, description: both })
      const before = roleNow()
      const run = await trust(['apply', '--yes', '--no-verify', '--replace', 'trustPolicy'])
      assert.match(run.stderr, new RegExp(`^TRUST_DOMAIN_SHARED \\(trust\\): .* with the mark ${otherMark}$`, 'm'))
      assert.equal(roleNow(), before)

      const shared = await trust(['apply', '--yes', '--no-verify', '--share-trust-domain'])
      assert.equal(shared.exitCode, 0, shared.stderr)
      const plan = await trust(['plan'])
      assert.match(plan.stdout, new RegExp(`pullpass created ${role} for another cluster, with the mark ${otherMark}`))
    }
  })

  await t.test('is used with --share-trust-domain, and still reported', async () => {
    cloud.putRole('puller', { trust: otherTrust, description })
    const run = await trust(['apply', '--yes', '--no-verify', '--share-trust-domain'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'updated', 'granted'])
    assert.match(run.stdout, new RegExp(`pullpass created ${role} for another cluster, with the mark ${otherMark}`))
    assert.equal(statements().length, 2)
    const again = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(again), ['unchanged', 'unchanged', 'unchanged'])
  })

  await t.test('loses only the statement of this cluster by destroy', async () => {
    const run = await trust(['destroy', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(statements(), otherTrust.Statement)
  })

  await t.test('is kept by destroy, even if no statement is left in it', async () => {
    cloud.putRole('puller', { trust: { Version: '2012-10-17', Statement: [] }, description })
    const run = await trust(['destroy', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(
      run.stdout,
      new RegExp(`pullpass created it for another issuer than this cluster's: its mark is ${otherMark}`),
    )
    assert.ok(roleNow() !== undefined)
  })
})

test('a role of this cluster whose trust policy cannot be read is kept by destroy, with the reason', async (t) => {
  const { cloud, trust, mark } = await startTrustTest(t)
  for (const trustText of ['', '{"Version":"2012-10-17"}', 'Allow']) {
    cloud.putRole('puller', { trust: otherTrust, description: `pullpass:${mark}` })
    const created = cloud.account.roles.get('puller')
    assert.ok(created !== undefined)
    cloud.account.roles.set('puller', { ...created, trustText })
    const run = await trust(['destroy', '--yes'])
    assert.match(run.stdout, /its trust policy cannot be read/, trustText)
    assert.ok(cloud.account.roles.has('puller'))
  }
})
