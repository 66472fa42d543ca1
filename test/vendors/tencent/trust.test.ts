import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../src/publish/key-state.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { audience, provider, role, startTrustTest, statementFor, subject, trustOf } from './run-trust.ts'

test('trust at Tencent Cloud', async (t) => {
  const { sandbox, cloud, mark, trust, file } = await startTrustTest(t)
  const { account } = cloud
  const { issuer } = sandbox.cluster
  const policies = () => [...account.policies.values()]

  await t.test('plan shows what is missing, and changes nothing', async () => {
    const { exitCode, stdout, stderr } = await trust(['plan'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, new RegExp(`^would-create +provider +${provider}$`, 'm'))
    assert.match(stdout, new RegExp(`^would-create +role +${role}$`, 'm'))
    assert.match(stdout, new RegExp(`^would-create +policy +${role} policy pullpass-${mark}-[0-9a-f]{16}$`, 'm'))
    assert.equal(account.providers.size + account.roles.size + account.policies.size, 0)
  })

  await t.test("a server that only the document names receives no request of the operator's key", async () => {
    assert.deepEqual(cloud.parts.tokens.seen, [])
    assert.notEqual(cloud.parts.cam.seen.length, 0)
  })

  await t.test('plan prints commands of tccli, and Terraform', async () => {
    const { stdout: commands } = await trust(['plan', '-o', 'tccli'])
    const lines = commands.split('\n').filter((line) => line.startsWith('tccli'))
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 3).join(' ')),
      ['CreateOIDCConfig', 'CreateRole', 'CreatePolicy', 'AttachRolePolicy'].map((action) => `tccli cam ${action}`),
    )
    assert.match(lines[0] ?? '', new RegExp(`--Name cluster --IdentityUrl ${issuer} --ClientId '\\["${audience}"\\]' `))
    assert.match(lines[3] ?? '', new RegExp(`--AttachRoleName puller --PolicyName pullpass-${mark}-`))
    const { stdout: terraform } = await trust(['plan', '-o', 'terraform'])
    assert.match(terraform, /source += "tencentcloudstack\/tencentcloud"/)
    assert.deepEqual(
      [...terraform.matchAll(/^resource "([^"]+)" "/gm)].map(([, type]) => type),
      [
        'tencentcloud_cam_role_sso',
        'tencentcloud_cam_role_by_name',
        'tencentcloud_cam_policy_by_name',
        'tencentcloud_cam_role_policy_attachment_by_name',
      ],
    )
  })

  await t.test('apply creates what the document needs and no more, with which a refresh succeeds', async () => {
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created'])
    assert.match(run.stdout, /^ok +tcr +ClusterPullSecret\/pull /m)
    const { url, clientIds, description } = account.providers.get('cluster') ?? assert.fail()
    assert.deepEqual([url, clientIds], [issuer, [audience]])
    assert.match(description, new RegExp(`^pullpass:${mark} `))
    assert.deepEqual(trustOf(cloud), [statementFor(issuer)])
    assert.match(account.roles.get('puller')?.description ?? '', new RegExp(`^pullpass:${mark} pulls images for `))
    const [policy] = policies()
    assert.deepEqual(JSON.parse(policy?.document ?? ''), {
      version: '2.0',
      statement: [
        {
          effect: 'allow',
          action: ['tcr:CreateInstanceToken'],
          resource: ['qcs::tcr:eu-frankfurt:uin/100000000001:instance/tcr-example'],
        },
        {
          effect: 'allow',
          action: ['tcr:PullRepository'],
          resource: ['qcs::tcr:eu-frankfurt:uin/100000000001:repository/tcr-example/example-project/images/*'],
        },
      ],
    })
    const refresh = await runPullpass(sandbox, ['refresh', '-f', await file()])
    assert.equal(refresh.exitCode, 0, refresh.stderr)
  })

  await t.test('apply a second time changes nothing', async () => {
    const before = [trustOf(cloud), account.providers.get('cluster'), policies()]
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged'])
    assert.deepEqual([trustOf(cloud), account.providers.get('cluster'), policies()], before)
  })

  await t.test('apply adds an audience, and a statement for it', async () => {
    const run = await trust(['apply', '--yes', '--no-verify'], { registry: 'audience: tcr' })
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['updated', 'updated', 'unchanged'])
    assert.deepEqual(account.providers.get('cluster')?.clientIds, [audience, 'tcr'])
    assert.deepEqual(trustOf(cloud), [statementFor(issuer), statementFor(issuer, { audience: 'tcr' })])
  })

  await t.test('apply removes the former audience once the new one is trusted', async () => {
    const plan = await trust(['plan'], { registry: 'audience: tcr' })
    assert.match(plan.stdout, new RegExp(`its trust policy no longer accepts ${subject} with audience ${audience},`))
    const run = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(run), ['unchanged', 'updated', 'unchanged'])
    assert.deepEqual(trustOf(cloud), [statementFor(issuer)])
  })

  await t.test('apply replaces the repositories of a document, and keeps the policy of another', async () => {
    const other = await trust(['apply', '--yes', '--no-verify'], { name: 'other', repositories: ['team/app'] })
    assert.deepEqual(resultsOf(other), ['unchanged', 'unchanged', 'created'])
    const run = await trust(['apply', '--yes', '--no-verify'], { repositories: ['example-project/base'] })
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'updated'])
    const pulled = policies().map(({ document }) => JSON.parse(document).statement[1].resource)
    const on = (path: string) => `qcs::tcr:eu-frankfurt:uin/100000000001:repository/tcr-example/${path}`
    assert.deepEqual(pulled, [
      [on('example-project/base'), on('example-project/base/*')],
      [on('team/app'), on('team/app/*')],
    ])
    assert.equal(account.attached('puller').size, 2)
  })

  await t.test(
    'a former service account keeps its access while another document of the cluster uses the role',
    async () => {
      await trust(['apply', '--yes', '--no-verify'], { account: 'next' })
      const run = await trust(['plan'], { account: 'next' })
      assert.match(
        run.stdout,
        new RegExp(`it still trusts ${subject}, which these documents do not use; other documents`),
      )
      assert.equal(trustOf(cloud).length, 2)
      const replaced = await trust(['apply', '--yes', '--no-verify', '--replace', 'subjects'], { account: 'next' })
      assert.deepEqual(resultsOf(replaced), ['unchanged', 'updated', 'unchanged'])
      assert.deepEqual(trustOf(cloud), [statementFor(issuer, { subject: subject.replace('pullpass', 'next') })])
    },
  )

  await t.test('destroy removes the policy of one document, and keeps the role that another one needs', async () => {
    const run = await trust(['destroy', '--yes'])
    assert.equal(run.exitCode, 0, run.stdout + run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'kept', 'kept'])
    assert.match(run.stdout, /other documents need it: pullpass-/)
    assert.equal(account.policies.size, 1)
  })

  await t.test('destroy of the last document removes everything, after a dry run that shows it', async () => {
    const dry = await trust(['destroy', '--dry-run'], { name: 'other', account: 'next' })
    assert.deepEqual(resultsOf(dry), ['would-delete', 'would-delete', 'would-delete'], dry.stdout)
    const run = await trust(['destroy', '--yes'], { name: 'other', account: 'next' })
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted'])
    assert.equal(account.providers.size + account.roles.size + account.policies.size, 0)
  })
})

test('a key that was revoked is removed from the provider, and tokens of the next one are exchanged', async (t) => {
  const { sandbox, cloud, trust } = await startTrustTest(t)
  const { keys } = sandbox.cluster
  await trust(['apply', '--yes'])
  const leaked = keys.current.kid
  const next = await keys.add()
  keys.signWith(next)
  sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
    data: { [`revoked.${digestOf(leaked)}`]: '{}' },
  })
  const run = await trust(['apply', '--yes'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.ok(run.stderr.includes(`: keys ${next.kid} are added, revoked keys ${leaked} are removed\n`), run.stderr)
  const stored = Buffer.from(cloud.account.providers.get('cluster')?.key ?? '', 'base64').toString()
  assert.ok(stored.includes(next.kid) && !stored.includes(leaked))
})
