import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { trustDocument } from '../trust-runs.ts'
import { role } from './exchange-at-sandbox.ts'
import { images, startTrustTest } from './run-trust.ts'

const publicToken = {
  Sid: 'PublicToken',
  Effect: 'Allow',
  Action: ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
  Resource: '*',
}

test('trust for the public registry', async (t) => {
  const { sandbox, cloud } = await startTrustTest(t)
  const host = `localhost:${sandbox.parts.registry.port}`
  const ofPublic = `    - {name: public, hosts: ["${host}/public/"], awsPublic: {roleArn: "${role}", trust: {}}}`
  const trust = async (words: readonly string[], ...registries: readonly string[]) => {
    const file = await sandbox.write('public.yaml', trustDocument(['', ...registries].join('\n')))
    return await runPullpass(sandbox, ['trust', ...words, '-f', file])
  }
  const statements = () =>
    [...(cloud.account.roles.get('puller')?.policies.values() ?? [])].map(({ policy }) => policy.Statement)

  await t.test('prints the commands, without a repository', async () => {
    const { exitCode, stdout, stderr } = await trust(['plan', '-o', 'aws'], ofPublic)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^aws iam put-role-policy .*"ecr-public:GetAuthorizationToken","sts:GetServiceBearerToken"/m)
    const { stderr: refused } = await trust(['plan', '--repository', images], ofPublic)
    assert.match(refused, /--repository \S+ is given, and all documents name their repository/)
  })

  await t.test('creates the provider, a role and a policy for tokens alone, and verifies them', async () => {
    const run = await trust(['apply', '--yes'], ofPublic)
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'granted'])
    assert.match(run.stderr, new RegExp(`^grant role ${role} pulling from public\\.ecr\\.aws$`, 'm'))
    assert.match(run.stdout, /^ok +public +ClusterPullSecret\/pull /m)
    assert.deepEqual(statements(), [[publicToken]])
  })

  await t.test('sets up one provider and one role for both registries, and their policy', async () => {
    const ofPrivate = `    - {name: ecr, hosts: ["${host}"], aws: {roleArn: "${role}", region: eu-west-1}}`
    const both = ['--repository', images]
    const plan = await trust(['plan', ...both], ofPrivate, ofPublic)
    assert.deepEqual(resultsOf(plan), ['unchanged', 'unchanged', 'would-update'])
    const run = await trust(['apply', '--yes', ...both], ofPrivate, ofPublic)
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(
      statements().map((one) => [one].flat().map(({ Sid }) => Sid)),
      [['Token', 'Pull', 'PublicToken']],
    )
    for (const name of ['ecr', 'public']) assert.match(run.stdout, new RegExp(`^ok +${name} `, 'm'))
    const destroyed = await trust(['destroy', '--yes', ...both], ofPrivate, ofPublic)
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'deleted', 'deleted'])
    assert.equal(cloud.account.providers.size + cloud.account.roles.size, 0)
  })
})
