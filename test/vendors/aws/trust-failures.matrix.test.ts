import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Policy } from '../../../sandbox/aws/iam/policy.ts'
import { AwsRefusal } from '../../../sandbox/aws/query-api.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { role } from './exchange-at-sandbox.ts'
import { images, startTrustTest } from './run-trust.ts'

const without = (action: string): Policy => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: action, Resource: '*' },
  ],
})
const all: Policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const trusting = (statement: object): Policy => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', ...statement },
})

test('trust at AWS refuses --issuer-id, since the provider is derived from the issuer', async (t) => {
  const { trust } = await startTrustTest(t)
  const { exitCode, stderr } = await trust(['plan', '--context', 'sandbox', '--issuer-id', 'sandbox=cluster'])
  assert.equal(exitCode, 2)
  assert.match(stderr, /^USAGE_INVALID \(run\): --issuer-id has no effect: no vendor of the documents has such an id$/m)
})

test('trust at AWS, if a step fails,', async (t) => {
  const { sandbox, cloud, provider, trust } = await startTrustTest(t)
  const url = provider.slice(provider.indexOf('/') + 1)
  const empty = () => {
    cloud.account.providers.clear()
    cloud.account.roles.clear()
    cloud.limitOperator(all)
    cloud.adjust({ beforeAction: () => undefined, issuerAuthority: 'public' })
  }

  for (const [action, resource, results] of [
    ['iam:GetOpenIDConnectProvider', provider, ['failed', 'blocked', 'blocked']],
    ['iam:CreateOpenIDConnectProvider', provider, ['failed', 'blocked', 'blocked']],
    ['iam:GetRole', role, ['created', 'failed', 'blocked']],
    ['iam:CreateRole', role, ['created', 'failed', 'blocked']],
    ['iam:GetRolePolicy', role, ['created', 'created', 'failed']],
    ['iam:PutRolePolicy', role, ['created', 'created', 'failed']],
  ] as const) {
    await t.test(`names the permission ${action} that the operator does not have, and continues with it`, async () => {
      empty()
      cloud.limitOperator(without(action))
      const run = await trust(['apply', '--yes'])
      assert.equal(run.exitCode, 1)
      assert.deepEqual(resultsOf(run), results)
      assert.match(
        run.stderr,
        new RegExp(`^TRUST_DENIED \\(trust\\): AWS IAM responded with 403 "AccessDenied: .*${action}`, 'm'),
      )
      assert.ok(
        run.stderr.includes(`expected arn:aws:iam::123456789012:user/operator to be allowed ${action} on ${resource}`),
        run.stderr,
      )
      cloud.limitOperator(all)
      const again = await trust(['apply', '--yes'])
      assert.equal(again.exitCode, 0, again.stderr)
    })
  }

  await t.test('a run that was ended between two steps is continued by the next one', async () => {
    for (const last of ['CreateOpenIDConnectProvider', 'CreateRole', 'PutRolePolicy']) {
      empty()
      const controller = new AbortController()
      cloud.adjust({ beforeAction: (name) => (name === last ? controller.abort(new Error('killed')) : undefined) })
      await trust(['apply', '--yes'], {}, { signal: controller.signal })
      cloud.adjust({ beforeAction: () => undefined })
      const again = await trust(['apply', '--yes'])
      assert.equal(again.exitCode, 0, `${last}: ${again.stderr}`)
      const destroyed = await trust(['destroy', '--yes'])
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.equal(cloud.account.providers.size + cloud.account.roles.size, 0, last)
    }
  })

  await t.test('waits until a new role takes effect everywhere', async () => {
    empty()
    let times = 2
    cloud.adjust({
      beforeAction: (name) => {
        if (name === 'PutRolePolicy' && times-- > 0)
          throw new AwsRefusal('NoSuchEntity', 'The role with name puller cannot be found.', 404)
      },
    })
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
  })

  await t.test(
    'a role of another owner is not changed, and nothing is granted to it, unless that is requested',
    async () => {
      empty()
      cloud.putRole('puller', {
        trust: trusting({ Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/other.example.com' } }),
      })
      const before = cloud.account.roles.get('puller')
      const run = await trust(['apply', '--yes'])
      assert.equal(run.exitCode, 1)
      assert.deepEqual(resultsOf(run), ['created', 'failed', 'blocked'])
      assert.match(
        run.stderr,
        new RegExp(`^TRUST_REFUSED \\(trust\\): role ${role} exists, and pullpass did not create it$`, 'm'),
      )
      assert.match(run.stderr, /--replace trustPolicy$/m)
      assert.equal(cloud.account.roles.get('puller'), before)

      const replaced = await trust(['apply', '--yes', '--replace', 'trustPolicy'])
      assert.equal(replaced.exitCode, 0, replaced.stderr)
      assert.match(
        replaced.stdout,
        /it also trusts tokens of arn:aws:iam::123456789012:oidc-provider\/other\.example\.com/,
      )
      assert.equal([cloud.account.roles.get('puller')?.trustPolicy.Statement].flat().length, 2)
      const { stdout: terraform } = await trust(['plan', '-o', 'terraform', '--replace', 'trustPolicy'])
      assert.match(
        terraform,
        /assume_role_policy += ".*oidc-provider\/other\.example\.com.*sts:AssumeRoleWithWebIdentity/,
      )
      assert.match(terraform, /to += aws_iam_role\./)
      const destroyed = await trust(['destroy', '--yes'])
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.equal([cloud.account.roles.get('puller')?.trustPolicy.Statement].flat().length, 1)
    },
  )

  await t.test('a role that trusts the subject already gets only its policy', async () => {
    empty()
    await cloud.trust(sandbox.cluster.issuer)
    const run = await trust(['apply', '--yes'])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'granted'])
    const destroyed = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'kept', 'kept'])
    assert.match(destroyed.stdout, /pullpass did not create it/)
  })

  await t.test('a provider of another owner gets no further client id, unless that is requested', async () => {
    empty()
    await cloud.trust(sandbox.cluster.issuer)
    const before = cloud.account.providers.get(url)
    const run = await trust(['apply', '--yes', '--no-verify'], { registry: 'audience: ecr' })
    assert.deepEqual(resultsOf(run), ['failed', 'failed', 'blocked'], run.stdout)
    assert.match(
      run.stderr,
      /^TRUST_REFUSED \(trust\): provider arn:\S+ exists, pullpass did not create it, and it accepts the client ids sts\.amazonaws\.com$/m,
    )
    assert.match(run.stderr, /may get tokens for another audience: --replace clientIds$/m)
    assert.equal(cloud.account.providers.get(url), before)

    const plan = await trust(['plan', '--replace', 'clientIds'], { registry: 'audience: ecr' })
    assert.match(plan.stdout, /^ {2}update provider arn:\S+: add client id ecr$/m)
    const words = ['apply', '--yes', '--no-verify', '--replace', 'clientIds', '--replace', 'trustPolicy']
    await trust(words, { registry: 'audience: ecr' })
    assert.deepEqual(cloud.account.providers.get(url)?.clientIds, ['sts.amazonaws.com', 'ecr'])
  })

  await t.test('a trust policy with a Deny is refused', async () => {
    empty()
    cloud.putRole('puller', { trust: trusting({ Effect: 'Deny', Principal: '*' }), tags: {} })
    const run = await trust(['plan'])
    assert.match(run.stdout, /^refused +role/m)
    assert.match(run.stdout + run.stderr, /contains a Deny/)
  })

  await t.test('a trust policy without space for the statement is reported as full', async () => {
    empty()
    const many = Array.from({ length: 12 }, (_, index) => ({
      Effect: 'Allow' as const,
      Principal: { AWS: `arn:aws:iam::123456789012:role/${'a'.repeat(60)}${index}` },
      Action: 'sts:AssumeRole',
    }))
    cloud.putRole('puller', { trust: { Version: '2012-10-17', Statement: many } })
    const run = await trust(['apply', '--yes', '--replace', 'trustPolicy'])
    assert.match(
      run.stderr,
      /^TRUST_POLICY_FULL \(trust\): AWS IAM responded with 409 "LimitExceeded: Cannot exceed quota for ACLSizePerRole: 2048"$/m,
    )
  })

  await t.test('a provider that other roles trust is kept', async () => {
    empty()
    await trust(['apply', '--yes'])
    cloud.putRole('irsa', { trust: trusting({ Principal: { Federated: provider } }) })
    const run = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept'])
    assert.match(run.stdout, /roles trust it: arn:aws:iam::123456789012:role\/irsa/)
    assert.ok(cloud.account.providers.has(url))
  })

  await t.test('a provider that a role of another owner still trusts, by a statement of its own, is kept', async () => {
    empty()
    await trust(['apply', '--yes'])
    const created = cloud.account.roles.get('puller')
    assert.ok(created !== undefined)
    const byHand = trusting({ Principal: { Federated: provider }, Sid: 'ByHand' })
    const statements = [created.trustPolicy, byHand].flatMap(({ Statement }) => Statement)
    const trustPolicy: Policy = { Version: '2012-10-17', Statement: statements }
    cloud.account.roles.set('puller', { ...created, trustPolicy, trustText: JSON.stringify(trustPolicy) })
    const dry = await trust(['destroy', '--dry-run'])
    assert.deepEqual(resultsOf(dry), ['would-delete', 'would-delete', 'kept'], dry.stdout)
    const run = await trust(['destroy', '--yes'])
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept'])
    assert.match(run.stdout, /only its statements for these clusters were removed: others still use the role/)
    assert.match(run.stdout, /roles trust it: arn:aws:iam::123456789012:role\/puller/)
    assert.ok(cloud.account.providers.has(url))
  })

  await t.test('a provider that a trust policy names which cannot be read is kept', async () => {
    empty()
    await trust(['apply', '--yes'])
    const created = cloud.account.roles.get('puller')
    assert.ok(created !== undefined)
    cloud.account.roles.set('broken', { ...created, name: 'broken', trustText: `[${provider}` })
    const run = await trust(['destroy', '--yes'])
    assert.match(run.stdout, /roles trust it: arn:aws:iam::123456789012:role\/broken/)
    assert.ok(cloud.account.providers.has(url))
  })

  await t.test('thumbprints are set for a private authority, and replaced only if that is requested', async () => {
    empty()
    cloud.adjust({ issuerAuthority: 'private' })
    const wrong = 'a'.repeat(40)
    const settings = (thumbprint: string) => ({ trust: `repositories: ["${images}"], thumbprints: ["${thumbprint}"]` })
    const first = await trust(['apply', '--yes'], settings(wrong))
    assert.equal(first.exitCode, 1)
    assert.match(first.stderr, /HTTPS certificate doesn't match configured thumbprint/)
    const kept = await trust(['plan'], settings(cloud.thumbprint))
    assert.match(kept.stdout, new RegExp(`its thumbprints are unchanged: ${wrong}`))
    const replaced = await trust(['apply', '--yes', '--replace', 'thumbprints'], settings(cloud.thumbprint))
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.deepEqual(cloud.account.providers.get(url)?.thumbprints, [cloud.thumbprint])
  })

  await t.test('an issuer that IAM cannot read is named', async () => {
    empty()
    cloud.adjust({
      beforeAction: (name) => {
        if (name === 'CreateOpenIDConnectProvider')
          throw new AwsRefusal('OpenIdIdpCommunicationError', 'Unable to communicate with the identity provider')
      },
    })
    const run = await trust(['apply', '--yes'])
    assert.match(run.stderr, /TRUST_REFUSED \(trust\): AWS IAM responded with 400 "OpenIdIdpCommunicationError: /)
    assert.match(
      run.stderr,
      /set aws\.trust\.thumbprints, or publish it first: pullpass issuer publish --to "\$\{TARGET:\?\}"$/m,
    )
  })

  await t.test('a token that AWS cannot read is shown by a command for the same cluster', async () => {
    empty()
    const refusal = {
      Type: 'Sender',
      Code: 'InvalidIdentityToken',
      Message: 'The ID Token provided is not a valid JWT',
    }
    cloud.parts.sts.faults.inject(
      { kind: 'response', response: { status: 400, body: { Error: refusal } } },
      { when: ({ body = '' }) => body.includes('AssumeRoleWithWebIdentity') },
    )
    const run = await trust(['apply', '--yes', '--context', 'sandbox'])
    assert.match(
      run.stderr,
      /^EXCHANGE_REFUSED \(exchange\): [\s\S]*: pullpass inspect -f \S+pull\.yaml --context sandbox$/m,
    )
    cloud.parts.sts.faults.clear()
  })

  await t.test('credentials of another account change nothing in it', async () => {
    empty()
    const foreign = await trust(['plan'], { name: 'foreign', roleArn: 'arn:aws:iam::999999999999:role/puller' })
    assert.deepEqual(resultsOf(foreign), ['unknown', 'unknown', 'unknown'])
    assert.match(
      foreign.stdout + foreign.stderr,
      /the operator arn:aws:iam::123456789012:user\/operator is of account 123456789012, and .* is in account 999999999999/,
    )
  })

  await t.test('without credentials reports the places that were searched, and names the hop', async () => {
    empty()
    const environment = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: 'only-a-half-of-a-pair' }
    const run = await trust(['plan'], {}, { environment })
    assert.equal(run.exitCode, 1)
    assert.match(
      run.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): the operator's identity is incomplete: AWS_SECRET_ACCESS_KEY is set/,
    )
    assert.doesNotMatch(run.stderr, /only-a-half/)
  })

  await t.test('role chains and issuers with a port elsewhere are refused before any request', async () => {
    empty()
    const before = cloud.parts.iam.seen.length
    const chained = await trust(['plan'], { aws: `assumeRoles: [{roleArn: "${role}"}]` })
    assert.equal(chained.exitCode, 2)
    assert.match(chained.stderr, /^DOCUMENT_INVALID \(document\): .*registry ecr assumes further roles/)
    const port = await trust(['plan', '--issuer', 'https://issuer.example.com:8443/a'])
    assert.equal(port.exitCode, 1)
    assert.match(port.stderr, /^ISSUER_UNUSABLE \(discovery\): .*it contains a port, which AWS does not accept/)
    const nameless = await trust(['plan'], { trust: '' })
    assert.match(nameless.stderr, /registry ecr does not name its repositories/)
    const named = await trust(['plan', '--repository', images], { trust: '' })
    assert.deepEqual(resultsOf(named), ['would-create', 'would-create', 'would-grant'])
    assert.equal(cloud.parts.iam.seen.length - before, 4)
  })
})
