import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { role } from './exchange-at-sandbox.ts'
import { images, startTrustTest } from './run-trust.ts'

test('trust at AWS', async (t) => {
  const { sandbox, cloud, provider, mark, trust, file } = await startTrustTest(t)
  const url = provider.slice(provider.indexOf('/') + 1)
  const roleNow = () => cloud.account.roles.get('puller')

  await t.test('plan shows what is missing, and changes nothing', async () => {
    const { exitCode, stdout, stderr } = await trust(['plan'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^would-create +provider +${provider}$`, 'm'))
    assert.match(stdout, new RegExp(`^would-create +role +${role}$`, 'm'))
    assert.match(stdout, new RegExp(`^would-grant +policy +${role} policy pullpass-${mark}-[0-9a-f]{16}$`, 'm'))
    assert.equal(cloud.account.providers.size + cloud.account.roles.size, 0)
  })

  await t.test('plan prints commands of the AWS command line, and Terraform', async () => {
    const { stdout: commands } = await trust(['plan', '-o', 'aws'])
    assert.match(
      commands,
      new RegExp(
        `^aws iam create-open-id-connect-provider --url ${sandbox.cluster.issuer} --client-id-list sts\\.amazonaws\\.com --tags '?Key=pullpass,Value=pullpass:${mark}'?$`,
        'm',
      ),
    )
    assert.match(commands, /^aws iam create-role --role-name puller --description '/m)
    assert.match(
      commands,
      new RegExp(`^aws iam put-role-policy --role-name puller --policy-name pullpass-${mark}-`, 'm'),
    )
    const { stdout: terraform } = await trust(['plan', '-o', 'terraform'])
    assert.match(terraform, /source += "hashicorp\/aws"/)
    for (const type of ['aws_iam_openid_connect_provider', 'aws_iam_role', 'aws_iam_role_policy'])
      assert.match(terraform, new RegExp(`^resource "${type}" "`, 'm'))
  })

  await t.test('apply creates what the document needs and no more, with which a refresh succeeds', async () => {
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'granted'])
    assert.match(run.stdout, /^ok +ecr +ClusterPullSecret\/pull /m)
    assert.deepEqual(cloud.account.providers.get(url)?.clientIds, ['sts.amazonaws.com'])
    const [statement] = [roleNow()?.trustPolicy.Statement ?? []].flat()
    assert.deepEqual(
      { ...statement, Sid: '' },
      {
        Sid: '',
        Effect: 'Allow',
        Principal: { Federated: provider },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: {
          StringEquals: {
            [`${url}:sub`]: 'system:serviceaccount:image-system:pullpass',
            [`${url}:aud`]: 'sts.amazonaws.com',
          },
        },
      },
    )
    const [policy] = [...(roleNow()?.policies.values() ?? [])]
    assert.deepEqual(policy?.policy.Statement, [
      { Sid: 'Token', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      { Sid: 'Pull', Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: [images] },
    ])
    const refresh = await runPullpass(sandbox, ['refresh', '-f', await file()])
    assert.equal(refresh.exitCode, 0, refresh.stderr)
  })

  await t.test('apply a second time changes nothing', async () => {
    const before = [roleNow(), cloud.account.providers.get(url)]
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged'])
    assert.deepEqual([roleNow(), cloud.account.providers.get(url)], before)
  })

  await t.test('apply replaces the policy that an earlier version named, and destroy deletes it', async () => {
    const now = roleNow()
    const [name = '', policy] = [...(now?.policies ?? [])][0] ?? []
    assert.ok(now !== undefined && policy !== undefined)
    const withFormer = (...names: string[]) =>
      cloud.account.roles.set('puller', { ...now, policies: new Map(names.map((one) => [one, policy])) })
    const former = name.slice(0, -8)
    withFormer(former)
    const terraform = await trust(['plan', '-o', 'terraform'])
    assert.match(terraform.stdout, /^# .*run: aws iam delete-role-policy --role-name puller --policy-name /m)
    const run = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'granted'])
    assert.match(run.stderr, new RegExp(`^delete policy ${former} of role \\S+, which ${name} replaces$`, 'm'))
    assert.deepEqual([...(roleNow()?.policies.keys() ?? [])], [name])
    withFormer(former, name)
    assert.deepEqual(resultsOf(await trust(['apply', '--yes', '--no-verify'])), ['unchanged', 'unchanged', 'updated'])
    withFormer(former, name)
    const dry = await trust(['destroy', '--dry-run'])
    assert.deepEqual(resultsOf(dry), ['would-delete', 'would-delete', 'would-delete'])
    withFormer(name)
  })

  await t.test('apply adds an audience, and a statement for it', async () => {
    const run = await trust(['apply', '--yes', '--no-verify'], { registry: 'audience: ecr' })
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['updated', 'updated', 'unchanged'])
    assert.deepEqual(cloud.account.providers.get(url)?.clientIds, ['sts.amazonaws.com', 'ecr'])
    assert.equal([roleNow()?.trustPolicy.Statement].flat().length, 2)
  })

  await t.test(
    'apply replaces the repositories of the document, permits longer sessions, and keeps the policies of other documents',
    async () => {
      const other = await trust(['apply', '--yes', '--no-verify'], {
        name: 'other',
        trust: 'repositories: ["arn:aws:ecr:eu-west-1:123456789012:repository/other"]',
      })
      assert.deepEqual(resultsOf(other), ['unchanged', 'unchanged', 'granted'])
      const run = await trust(['apply', '--yes', '--no-verify'], {
        aws: 'sessionDuration: 2h',
        trust: `repositories: ["${images}", "arn:aws:ecr:eu-west-1:210987654321:repository/base"]`,
      })
      assert.deepEqual(resultsOf(run), ['unchanged', 'updated', 'updated'])
      assert.match(
        run.stdout,
        /the repository policy of arn:aws:ecr:eu-west-1:210987654321:repository\/base must allow/,
      )
      assert.equal(roleNow()?.maxSessionSeconds, 7200)
      assert.equal(roleNow()?.policies.size, 2)
    },
  )

  await t.test('destroy removes the policy of one document, and keeps the role that another one needs', async () => {
    const run = await trust(['destroy', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'kept', 'kept'])
    assert.match(run.stdout, /other documents need it: pullpass-/)
    assert.equal(roleNow()?.policies.size, 1)
  })

  await t.test('destroy of the last document removes everything, after a dry run that shows it', async () => {
    const dry = await trust(['destroy', '--dry-run'], {
      name: 'other',
      trust: 'repositories: ["arn:aws:ecr:eu-west-1:123456789012:repository/other"]',
    })
    assert.deepEqual(resultsOf(dry), ['would-delete', 'would-delete', 'would-delete'], dry.stdout)
    const run = await trust(['destroy', '--yes'], {
      name: 'other',
      trust: 'repositories: ["arn:aws:ecr:eu-west-1:123456789012:repository/other"]',
    })
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted'])
    assert.equal(cloud.account.providers.size + cloud.account.roles.size, 0)
  })
})
