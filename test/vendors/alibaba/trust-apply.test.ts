import assert from 'node:assert/strict'
import { test } from 'node:test'
import { currentText } from '../../../sandbox/alibaba/account.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { imagesArn, provider, role, startTrustTest } from './run-trust.ts'

test('trust at Alibaba Cloud', async (t) => {
  const { sandbox, cloud, mark, trust, file } = await startTrustTest(t)
  const { account } = cloud
  const { issuer } = sandbox.cluster
  const policyNames = () => [...account.policies.keys()]

  await t.test('plan shows what is missing, and changes nothing', async () => {
    const { exitCode, stdout, stderr } = await trust(['plan'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^would-create +provider +${provider}$`, 'm'))
    assert.match(stdout, new RegExp(`^would-create +role +${role}$`, 'm'))
    assert.match(
      stdout,
      new RegExp(`^would-create +policy +acs:ram::123456789012:policy/pullpass-${mark}-[0-9a-f]{16}$`, 'm'),
    )
    assert.match(stdout, new RegExp(`^would-grant +grant +${role} policy pullpass-${mark}-[0-9a-f]{16}$`, 'm'))
    assert.equal(account.providers.size + account.roles.size + account.policies.size, 0)
  })

  await t.test('plan prints commands of the Alibaba Cloud command line, and Terraform', async () => {
    const { stdout: commands } = await trust(['plan', '-o', 'aliyun'])
    assert.match(
      commands,
      new RegExp(
        `^aliyun ims CreateOIDCProvider --OIDCProviderName cluster --IssuerUrl ${issuer} --ClientIds sts\\.aliyuncs\\.com --Fingerprints ${cloud.fingerprint} --Description 'pullpass:${mark} `,
        'm',
      ),
    )
    assert.match(commands, /^aliyun ram CreateRole --RoleName puller --Description 'pullpass:/m)
    assert.match(commands, new RegExp(`^aliyun ram CreatePolicy --PolicyName pullpass-${mark}-`, 'm'))
    assert.match(
      commands,
      /^aliyun ram AttachPolicyToRole --RoleName puller --PolicyType Custom --PolicyName pullpass-/m,
    )
    const { stdout: terraform } = await trust(['plan', '-o', 'terraform'])
    assert.match(terraform, /source += "aliyun\/alicloud"/)
    const types = ['ims_oidc_provider', 'ram_role', 'ram_policy', 'ram_role_policy_attachment']
    for (const type of types) assert.match(terraform, new RegExp(`^resource "alicloud_${type}" "`, 'm'))
  })

  await t.test('apply creates what the document needs and no more, with which a refresh succeeds', async () => {
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted'])
    assert.match(run.stdout, /^ok +alibaba +ClusterPullSecret\/pull /m)
    const found = account.providers.get('cluster')
    assert.deepEqual(
      [found?.issuer, found?.clientIds, found?.fingerprints],
      [issuer, ['sts.aliyuncs.com'], [cloud.fingerprint]],
    )
    const puller = account.roles.get('puller')
    assert.deepEqual(JSON.parse(puller?.trust ?? '').Statement, [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Federated: [provider] },
        Condition: {
          StringEquals: {
            'oidc:iss': issuer,
            'oidc:sub': 'system:serviceaccount:image-system:pullpass',
            'oidc:aud': 'sts.aliyuncs.com',
          },
        },
      },
    ])
    assert.deepEqual(puller?.attached, policyNames())
    const [policy] = [...account.policies.values()]
    assert.deepEqual(policy && JSON.parse(currentText(policy)).Statement, [
      { Effect: 'Allow', Action: 'cr:GetAuthorizationToken', Resource: '*' },
      { Effect: 'Allow', Action: 'cr:PullRepository', Resource: [imagesArn] },
    ])
    const refresh = await runPullpass(sandbox, ['refresh', '-f', await file()])
    assert.equal(refresh.exitCode, 0, refresh.stderr)
  })

  await t.test('apply a second time changes nothing', async () => {
    const before = structuredClone([...account.providers, ...account.roles, ...account.policies])
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged', 'unchanged'])
    assert.deepEqual([...account.providers, ...account.roles, ...account.policies], before)
    const { stdout } = await trust(['plan', '-o', 'terraform'])
    assert.equal(stdout.match(/^import \{$/gm)?.length, 4)
  })

  await t.test('another repository in the document becomes a new version of the policy', async () => {
    const document = { repositories: ['example-project/images/*', 'example-project/base'] }
    const run = await trust(['apply', '--yes'], document)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'updated', 'unchanged'], run.stderr)
    const [policy] = [...account.policies.values()]
    assert.equal(policy?.current, 'v2')
    assert.match(policy ? currentText(policy) : '', /"acs:cr:[^"]*\/example-project\/base","acs:cr:[^"]*\/images\/\*"/)
  })

  await t.test('destroy --dry-run removes nothing', async () => {
    const run = await trust(['destroy', '--dry-run'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['would-delete', 'would-delete', 'would-delete', 'would-delete'])
    assert.equal(account.roles.size, 1)
  })

  await t.test('destroy removes what apply created', async () => {
    const run = await trust(['destroy', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted', 'deleted'])
    assert.equal(account.providers.size + account.roles.size + account.policies.size, 0)
  })
})
