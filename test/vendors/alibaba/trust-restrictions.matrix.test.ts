import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AlibabaSandbox } from '../../../sandbox/alibaba/vendor.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { provider, role, startTrustTest } from './run-trust.ts'

const subject = 'system:serviceaccount:image-system:pullpass'
const all = { Version: '1', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } } as const

interface Condition {
  readonly issuer: string
  readonly subject?: string
  readonly more?: object
}

const statementFor = ({ issuer, subject: sub = subject, more = {} }: Condition) => ({
  Effect: 'Allow',
  Action: 'sts:AssumeRole',
  Principal: { Federated: [provider] },
  Condition: { StringEquals: { 'oidc:iss': issuer, 'oidc:sub': sub, 'oidc:aud': 'sts.aliyuncs.com' }, ...more },
})

const service = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['ecs.aliyuncs.com'] } }

function putRole({ account }: AlibabaSandbox, statements: readonly object[], description = ''): void {
  const trust = JSON.stringify({ Version: '1', Statement: statements })
  account.roles.set('puller', { name: 'puller', description, trust, maxSessionSeconds: 3600, attached: [] })
}

const statementsOf = ({ account }: AlibabaSandbox) => JSON.parse(account.roles.get('puller')?.trust ?? '{}').Statement

suite('trust at Alibaba Cloud changes nothing of another owner:', () => {
  test('a role that pullpass did not create is refused, and nothing is granted to it', async (t) => {
    const { cloud, trust } = await startTrustTest(t)
    putRole(cloud, [service], 'for build machines')
    const run = await trust(['apply', '--yes', '--no-verify', '--replace', 'trustPolicy', '--share-trust-domain'])
    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'failed', 'created', 'blocked'])
    assert.match(
      run.stderr,
      new RegExp(`^TRUST_REFUSED \\(trust\\): role ${role} exists, and pullpass did not create it$`, 'm'),
    )
    assert.deepEqual([statementsOf(cloud), cloud.account.roles.get('puller')?.attached], [[service], []])
    assert.match(
      run.stderr,
      /aliyun ram UpdateRole --RoleName puller --NewAssumeRolePolicyDocument '.*ecs\.aliyuncs\.com/,
    )
  })

  test('a role that pullpass did not create gets the policy if it trusts exactly the subject', async (t) => {
    const { cloud, sandbox, trust } = await startTrustTest(t)
    putRole(cloud, [statementFor(sandbox.cluster)], 'by hand')
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'unchanged', 'created', 'granted'])
    const destroyed = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'deleted', 'kept', 'kept'])
    assert.deepEqual(statementsOf(cloud), [statementFor(sandbox.cluster)])
  })

  test('statements for other subjects stay in a role that pullpass did not create, also with --replace subjects', async (t) => {
    const { cloud, sandbox, trust } = await startTrustTest(t)
    const { issuer } = sandbox.cluster
    const other = statementFor({ issuer, subject: 'system:serviceaccount:image-system:other' })
    putRole(cloud, [statementFor({ issuer }), other], 'by hand')
    const run = await trust(['apply', '--yes', '--no-verify', '--replace', 'subjects'])
    assert.deepEqual(resultsOf(run), ['created', 'unchanged', 'created', 'granted'])
    assert.deepEqual(statementsOf(cloud), [statementFor({ issuer }), other])
    assert.doesNotMatch(run.stdout, /it still trusts/)
  })

  test('a statement for the subject with a further condition stays, unless the trust policy may be replaced', async (t) => {
    const { cloud, sandbox, trust, mark } = await startTrustTest(t)
    const restricted = statementFor({ ...sandbox.cluster, more: { IpAddress: { 'acs:SourceIp': '192.0.2.0/24' } } })
    putRole(cloud, [restricted], `pullpass:${mark} pulls images`)
    const run = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(run), ['created', 'failed', 'created', 'blocked'])
    assert.match(run.stderr, /only with further conditions: IpAddress acs:SourceIp "192\.0\.2\.0\/24"$/m)
    assert.deepEqual(statementsOf(cloud), [restricted])
    const replaced = await trust(['apply', '--yes', '--replace', 'trustPolicy'])
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.deepEqual(statementsOf(cloud), [statementFor(sandbox.cluster)])
  })

  test('a trust policy with a Deny, or that cannot be read, is refused', async (t) => {
    const { cloud, sandbox, trust, mark } = await startTrustTest(t)
    for (const statements of [[{ ...service, Effect: 'Deny' }, statementFor(sandbox.cluster)], []]) {
      putRole(cloud, statements, `pullpass:${mark}`)
      const { stdout, exitCode } = await trust(['plan'])
      assert.equal(exitCode, 1)
      assert.match(stdout, new RegExp(`^refused +role +${role}$`, 'm'))
    }
  })

  test('a provider of another issuer is refused, and so is another name for the issuer of a provider', async (t) => {
    const { cloud, sandbox, trust } = await startTrustTest(t)
    const fields = { clientIds: ['sts.aliyuncs.com'], fingerprints: [cloud.fingerprint], description: '' }
    cloud.account.providers.set('cluster', { name: 'cluster', issuer: 'https://prod.example.com', ...fields })
    const other = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(other), ['failed', 'blocked', 'created', 'blocked'])
    assert.match(other.stderr, /exists, for issuer https:\/\/prod\.example\.com$/m)
    cloud.account.providers.clear()
    cloud.account.providers.set('prod', { name: 'prod', issuer: sandbox.cluster.issuer, ...fields })
    const taken = await trust(['apply', '--yes', '--no-verify'])
    assert.match(taken.stderr, /^ {2}expected alibaba\.oidcProviderArn: acs:ram::123456789012:oidc-provider\/prod$/m)
    assert.deepEqual([...cloud.account.providers.keys()], ['prod'])
  })

  test('client ids and fingerprints of a provider change only where --replace names them', async (t) => {
    const { cloud, sandbox, trust } = await startTrustTest(t)
    const { issuer } = sandbox.cluster
    const [foreign, fields] = ['A'.repeat(40), { name: 'cluster', issuer, description: 'by hand' }]
    cloud.account.providers.set('cluster', { ...fields, clientIds: ['kubernetes'], fingerprints: [foreign] })
    const refused = await trust(['apply', '--yes', '--no-verify'])
    assert.match(refused.stderr, /pullpass did not create it, and it accepts the client ids kubernetes$/m)
    const kept = await trust(['apply', '--yes', '--no-verify', '--replace', 'clientIds'])
    assert.equal(kept.exitCode, 0, kept.stderr)
    assert.deepEqual(cloud.account.providers.get('cluster')?.clientIds, ['kubernetes', 'sts.aliyuncs.com'])
    assert.deepEqual(cloud.account.providers.get('cluster')?.fingerprints, [foreign])
    const replaced = await trust(['apply', '--yes', '--replace', 'fingerprints'])
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.deepEqual(cloud.account.providers.get('cluster')?.fingerprints, [cloud.fingerprint])
    const destroyed = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'deleted', 'deleted', 'kept'])
  })

  test('a policy that a user has, too, is not changed or deleted', async (t) => {
    const { cloud, trust } = await startTrustTest(t)
    await trust(['apply', '--yes'])
    const [policy] = [...cloud.account.policies.values()]
    assert.ok(policy)
    cloud.account.policies.set(policy.name, { ...policy, users: ['alice'] })
    const run = await trust(['apply', '--yes', '--no-verify'], { repositories: ['team/base'] })
    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_REFUSED \(trust\): policy \S+ is also attached to user alice$/m)
    const destroyed = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'kept', 'deleted', 'deleted'])
    assert.equal(cloud.account.policies.get(policy.name)?.current, 'v1')
  })
})

suite('a role at Alibaba Cloud that pullpass created', () => {
  test('for another cluster is refused; clusters that share it keep their own statements', async (t) => {
    const { cloud, sandbox, trust, mark } = await startTrustTest(t)
    const other = {
      ...statementFor({ issuer: 'https://prod.example.com' }),
      Principal: { Federated: ['acs:ram::123456789012:oidc-provider/prod'] },
    }
    putRole(cloud, [other], 'pullpass:aaaaaaaaaaaa pulls images for the cluster of https://prod.example.com')
    const refused = await trust(['apply', '--yes', '--no-verify'])
    assert.match(
      refused.stderr,
      /^TRUST_DOMAIN_SHARED \(trust\): role \S+ belongs to another cluster: .* with the mark pullpass:aaaaaaaaaaaa$/m,
    )
    assert.deepEqual(statementsOf(cloud), [other])
    const shared = await trust(['apply', '--yes', '--share-trust-domain'])
    assert.equal(shared.exitCode, 0, shared.stderr)
    assert.deepEqual(statementsOf(cloud), [other, statementFor(sandbox.cluster)])
    const { description = '' } = cloud.account.roles.get('puller') ?? {}
    assert.ok(description.startsWith(`pullpass:${mark} pullpass:aaaaaaaaaaaa pulls`), description)
    const destroyed = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'deleted', 'deleted', 'deleted'])
    assert.deepEqual(statementsOf(cloud), [other])
    assert.ok(cloud.account.roles.get('puller')?.description.startsWith('pullpass:aaaaaaaaaaaa pulls'))
  })

  test('keeps the statement of a former account until --replace subjects', async (t) => {
    const { cloud, sandbox, trust } = await startTrustTest(t)
    const { issuer } = sandbox.cluster
    await trust(['apply', '--yes', '--no-verify'], { account: 'former' })
    const former = statementFor({ issuer, subject: 'system:serviceaccount:image-system:former' })
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(statementsOf(cloud), [former, statementFor({ issuer })])
    assert.match(run.stdout, /it still trusts system:serviceaccount:image-system:former, .*--replace subjects/)
    const replaced = await trust(['apply', '--yes', '--replace', 'subjects'])
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.deepEqual(statementsOf(cloud), [statementFor({ issuer })])
  })

  test('is kept by destroy while other documents of the cluster need it', async (t) => {
    const { cloud, trust } = await startTrustTest(t)
    await trust(['apply', '--yes'])
    await trust(['apply', '--yes'], { name: 'second' })
    const first = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(first), ['deleted', 'deleted', 'kept', 'kept'])
    assert.match(first.stdout, /other documents need it: pullpass-/)
    const second = await trust(['destroy', '--yes'], { name: 'second' })
    assert.deepEqual(resultsOf(second), ['deleted', 'deleted', 'deleted', 'deleted'])
    assert.equal(cloud.account.roles.size + cloud.account.policies.size + cloud.account.providers.size, 0)
  })
})

test('trust at Alibaba Cloud names the permission that the operator does not have, and continues with it', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  const steps = [
    ['CreateOIDCProvider', ['failed', 'blocked', 'created', 'blocked']],
    ['CreateRole', ['created', 'failed', 'created', 'blocked']],
    ['CreatePolicy', ['created', 'created', 'failed', 'blocked']],
    ['AttachPolicyToRole', ['created', 'created', 'created', 'failed']],
  ] as const
  for (const [action, results] of steps) {
    const denied = { Effect: 'Deny', Action: `ram:${action}`, Resource: '*' } as const
    cloud.limitOperator({ Version: '1', Statement: [all.Statement, denied] })
    const run = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(run), results)
    assert.match(
      run.stderr,
      new RegExp(`expected acs:ram::123456789012:user/operator to be allowed ram:${action} on acs:ram:`),
    )
    cloud.limitOperator(all)
    const again = await trust(['apply', '--yes'])
    assert.equal(again.exitCode, 0, again.stderr)
    assert.equal((await trust(['destroy', '--yes'])).exitCode, 0)
  }
})

test('trust at Alibaba Cloud refuses a document that cannot work', async (t) => {
  const { trust } = await startTrustTest(t)
  const audience = await trust(['plan'], { registry: 'audience: "//iam.example.com"' })
  assert.match(audience.stderr, /^DOCUMENT_INVALID \(document\): .* has the audience "\/\/iam\.example\.com"$/m)
  const account = await trust(['plan'], { provider: 'acs:ram::210987654321:oidc-provider/cluster' })
  assert.match(account.stderr, /has a role and an OIDC provider of different accounts$/m)
  const elsewhere = await trust(['plan'], {
    role: 'acs:ram::210987654321:role/puller',
    provider: 'acs:ram::210987654321:oidc-provider/cluster',
  })
  assert.equal(elsewhere.exitCode, 1)
  assert.match(
    elsewhere.stderr,
    /is of account 123456789012, and acs:ram::210987654321:oidc-provider\/cluster is in account/,
  )
})

test('trust at Alibaba Cloud, if a run was ended between two steps, is continued by the next one', async (t) => {
  const { cloud, trust } = await startTrustTest(t)
  for (const last of ['CreateOIDCProvider', 'CreateRole', 'CreatePolicy', 'AttachPolicyToRole']) {
    const controller = new AbortController()
    cloud.onAction((name) => (name === last ? controller.abort(new Error('killed')) : undefined))
    await trust(['apply', '--yes'], {}, { signal: controller.signal })
    cloud.onAction(undefined)
    const again = await trust(['apply', '--yes'])
    assert.equal(again.exitCode, 0, `${last}: ${again.stderr}`)
    const destroyed = await trust(['destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    const { providers, roles, policies } = cloud.account
    assert.equal(providers.size + roles.size + policies.size, 0, last)
  }
})

test('a trust policy at Alibaba Cloud that another operator changes meanwhile keeps that change', async (t) => {
  const { cloud, sandbox, trust, mark } = await startTrustTest(t)
  putRole(cloud, [statementFor({ issuer: 'https://a.example.com', subject: 'a' })], `pullpass:${mark} pulls images`)
  let reads = 0
  cloud.onAction((name) => {
    if (name !== 'GetRole') return
    reads += 1
    if (reads === 2) putRole(cloud, [service], `pullpass:${mark} pulls images`)
  })
  const run = await trust(['apply', '--yes'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(statementsOf(cloud), [service, statementFor(sandbox.cluster)])
})

test('doctor prints the command that adds the service account to a role of another owner at Alibaba Cloud', async (t) => {
  const { cloud, sandbox, file } = await startTrustTest(t, { trust: 'set-up' })
  putRole(cloud, [statementFor({ ...sandbox.cluster, subject: 'system:serviceaccount:ci:deployer' })], 'by hand')
  const { stdout } = await runPullpass(sandbox, ['doctor', '-f', await file(), '-o', 'json'])
  const { firstFailure } = JSON.parse(stdout)
  assert.equal(firstFailure.code, 'CONDITION_REFUSED')
  assert.match(
    firstFailure.command,
    /^aliyun ram UpdateRole --RoleName puller --NewAssumeRolePolicyDocument '\{.*ci:deployer.*image-system:pullpass/,
  )
})
