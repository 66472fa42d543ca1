import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { bothContexts, secondContext, startTwoClusters } from '../../commands/trust/two-clusters.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { documentAt, provider, putRole, startTrustTest, statementFor, trustOf } from './run-trust.ts'

test('trust at Tencent Cloud for two clusters', async (t) => {
  const { sandbox, environment } = await startTwoClusters(t)
  const cloud = await sandbox.start(sandboxVendors.tencent)
  const { account } = cloud
  const file = await sandbox.write('pull.yaml', documentAt(cloud, sandbox.parts.registry.port))
  const trust = async (...words: readonly string[]) =>
    await runPullpass(sandbox, ['trust', ...words, '-f', file], { environment })
  const { issuer } = sandbox.cluster
  const second = 'https://second.example.com'
  const providerNamed = (name: string) => provider.replace('cluster', name)

  await t.test('gives each its own role and provider, by which neither accepts tokens of the other', async () => {
    const run = await trust('apply', '--yes', '--no-verify', ...bothContexts)
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(
      [...account.providers.values()].map(({ name, url }) => [name, url]),
      [
        ['sandbox', issuer],
        [secondContext, second],
      ],
    )
    assert.notEqual(account.providers.get('sandbox')?.key, account.providers.get(secondContext)?.key)
    assert.deepEqual(trustOf(cloud, 'sandbox'), [statementFor(issuer, { provider: providerNamed('sandbox') })])
    assert.deepEqual(trustOf(cloud, secondContext), [statementFor(second, { provider: providerNamed(secondContext) })])
    assert.equal(account.policies.size, 2)
    assert.deepEqual([account.attached('sandbox').size, account.attached(secondContext).size], [1, 1])
  })

  await t.test('destroy for one of them keeps what the other has', async () => {
    const run = await trust(
      'destroy',
      '--yes',
      '--context',
      secondContext,
      '--trust-domain-id',
      `${secondContext}=${secondContext}`,
    )
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted'])
    assert.deepEqual([[...account.providers.keys()], [...account.roles.keys()]], [['sandbox'], ['sandbox']])
    await trust('destroy', '--yes', '--context', 'sandbox', '--trust-domain-id', 'sandbox=sandbox')
    assert.equal(account.providers.size + account.roles.size + account.policies.size, 0)
  })

  await t.test(
    'in one role has a provider and a statement for each, and destroy for one keeps those of the other',
    async () => {
      const run = await trust('apply', '--yes', '--no-verify', '--share-trust-domain', ...bothContexts)
      assert.equal(run.exitCode, 0, run.stderr)
      assert.deepEqual([...account.providers.keys()], ['sandbox', secondContext])
      assert.deepEqual(trustOf(cloud), [
        statementFor(issuer, { provider: providerNamed('sandbox') }),
        statementFor(second, { provider: providerNamed(secondContext) }),
      ])
      const again = await trust('apply', '--yes', '--no-verify', '--share-trust-domain', ...bothContexts)
      assert.deepEqual(new Set(resultsOf(again)), new Set(['unchanged']))
      const destroyed = await trust(
        'destroy',
        '--yes',
        '--context',
        secondContext,
        '--issuer-id',
        `${secondContext}=${secondContext}`,
      )
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.deepEqual(trustOf(cloud), [statementFor(issuer, { provider: providerNamed('sandbox') })])
      assert.deepEqual([[...account.providers.keys()], account.policies.size], [['sandbox'], 1])
    },
  )

  await t.test('with one provider is refused: it has one issuer and its keys', async () => {
    const ids = ['sandbox', secondContext].flatMap((context) => ['--issuer-id', `${context}=cluster`])
    const run = await trust('plan', ...bothContexts, ...ids)
    assert.equal(run.exitCode, 2)
    assert.match(
      run.stderr,
      new RegExp(`^USAGE_INVALID \\(run\\): the clusters \\S+ and \\S+ have the same provider, ${provider}$`, 'm'),
    )
  })
})

test('two roles of one document have a policy each', async (t) => {
  const { sandbox, cloud } = await startTrustTest(t)
  const { port } = sandbox.parts.registry
  const [head = '', first = ''] = documentAt(cloud, port).split(/(?<=registries:\n)/)
  const second = first
    .replace('name: tcr', 'name: base')
    .replace(`${port}"`, `${port}/base/"`)
    .replace('/puller', '/base')
  const file = await sandbox.write('pull.yaml', head + first + second)
  const run = await runPullpass(sandbox, ['trust', 'apply', '--yes', '--no-verify', '-f', file])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual([cloud.account.attached('puller').size, cloud.account.attached('base').size], [1, 1])
  assert.equal(cloud.account.policies.size, 2)
})

test('destroy leaves what others added while it waited for confirmation', async (t) => {
  const { sandbox, cloud, trust } = await startTrustTest(t)
  await trust(['apply', '--yes', '--no-verify'])
  const others = { effect: 'allow', action: ['name/sts:AssumeRole'], principal: { service: ['cvm.qcloud.com'] } }
  const own = statementFor(sandbox.cluster.issuer)
  const prompt = async (question: string) => {
    if (question.includes(' role ')) putRole(cloud, [own, others], cloud.account.roles.get('puller')?.description)
    return 'yes'
  }
  const run = await trust(['destroy'], {}, { prompt })
  assert.equal(run.exitCode, 0, run.stdout + run.stderr)
  assert.deepEqual(trustOf(cloud), [others])
})
