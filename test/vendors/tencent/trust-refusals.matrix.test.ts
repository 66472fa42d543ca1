import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { audience, provider, putRole, role, startTrustTest, statementFor, subject, trustOf } from './run-trust.ts'

const denying = (action: string) =>
  JSON.stringify({
    version: '2.0',
    statement: [
      { effect: 'allow', action: '*', resource: '*' },
      { effect: 'deny', action, resource: '*' },
    ],
  })

const isolated = { timeout: 120_000 }

test('trust at Tencent Cloud, where a resource exists or a step fails,', isolated, async (t) => {
  const { sandbox, cloud, mark, trust } = await startTrustTest(t)
  const { account } = cloud
  const { issuer } = sandbox.cluster
  const service = { effect: 'allow', action: ['name/sts:AssumeRole'], principal: { service: ['cvm.qcloud.com'] } }
  const clear = () => {
    for (const map of [account.providers, account.roles, account.policies]) map.clear()
    account.attached('puller').clear()
    cloud.limitOperator(denying('none:none'))
  }
  const each = (title: string, run: () => Promise<void>) =>
    t.test(title, async () => {
      clear()
      await run()
    })

  for (const [action, on, results] of [
    ['cam:DescribeOIDCConfig', provider, ['failed', 'blocked', 'blocked']],
    ['cam:CreateOIDCConfig', provider, ['failed', 'blocked', 'blocked']],
    ['cam:GetRole', role, ['created', 'failed', 'blocked']],
    ['cam:CreateRole', role, ['created', 'failed', 'blocked']],
    ['cam:ListPolicies', 'qcs::cam::uin/100000000001:policyName/*', ['created', 'created', 'failed']],
    ['cam:AttachRolePolicy', role, ['created', 'created', 'failed']],
  ] as const) {
    await each(`it names the permission ${action} that the operator does not have, and continues with it`, async () => {
      cloud.limitOperator(denying(action))
      const run = await trust(['apply', '--yes', '--no-verify'])
      assert.deepEqual([run.exitCode, resultsOf(run)], [1, results])
      assert.match(
        run.stderr,
        /^TRUST_DENIED \(trust\): Tencent Cloud CAM responded with 200 "UnauthorizedOperation: /m,
      )
      assert.ok(
        run.stderr.includes(`expected qcs::cam::uin/100000000001:uin/100000000001 to be allowed ${action} on ${on}\n`),
        run.stderr,
      )
      cloud.limitOperator(denying('none:none'))
      const again = await trust(['apply', '--yes', '--no-verify'])
      assert.equal(again.exitCode, 0, again.stderr)
      assert.equal(account.attached('puller').size, 1)
    })
  }

  await each('a provider of another issuer is refused, and nothing is created on top of it', async () => {
    const key = Buffer.from('{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}').toString('base64')
    const url = 'https://other.example.com'
    account.providers.set('cluster', { name: 'cluster', url, clientIds: [audience], key, description: '', status: 11 })
    const run = await trust(['apply', '--yes'])
    assert.deepEqual([run.exitCode, resultsOf(run)], [1, ['failed', 'blocked', 'blocked']])
    assert.match(
      run.stderr,
      new RegExp(`^TRUST_REFUSED .*: provider ${provider} exists, and its issuer is ${url}, not `, 'm'),
    )
    assert.equal(account.providers.get('cluster')?.key, key)
    assert.equal(account.roles.size, 0)
  })

  await each('a disabled provider is refused', async () => {
    await trust(['apply', '--yes', '--no-verify'])
    cloud.changeProvider({ status: 2 })
    const run = await trust(['plan'])
    assert.match(run.stderr, /exists, but it is disabled$/m)
  })

  await each('a provider that pullpass did not create gets a client id only with --replace clientIds', async () => {
    await trust(['apply', '--yes', '--no-verify'])
    cloud.changeProvider({ description: 'of the platform team' })
    const refused = await trust(['plan'], { registry: 'audience: tcr' })
    assert.match(
      refused.stderr,
      new RegExp(`pullpass did not create it, and it accepts the client ids ${audience}$`, 'm'),
    )
    const run = await trust(['apply', '--yes', '--no-verify', '--replace', 'clientIds'], { registry: 'audience: tcr' })
    assert.deepEqual(resultsOf(run), ['updated', 'updated', 'unchanged'])
    const { clientIds, description } = account.providers.get('cluster') ?? assert.fail()
    assert.deepEqual([clientIds, description], [[audience, 'tcr'], 'of the platform team'])
    const destroyed = await trust(['destroy', '--yes'], { registry: 'audience: tcr' })
    assert.deepEqual(resultsOf(destroyed), ['deleted', 'deleted', 'kept'])
    assert.match(destroyed.stdout, /pullpass did not create it/)
  })

  await each('a provider that pullpass did not create has no key of others without --replace keys', async () => {
    await trust(['apply', '--yes', '--no-verify'])
    const { keys } = JSON.parse(Buffer.from(account.providers.get('cluster')?.key ?? '', 'base64').toString())
    const other = { ...keys[0], kid: 'of-others' }
    const key = Buffer.from(JSON.stringify({ keys: [...keys, other] })).toString('base64')
    cloud.changeProvider({ key })
    assert.match((await trust(['plan'])).stdout, /keys that the cluster does not serve stay: of-others/)
    cloud.changeProvider({ description: 'of the platform team' })
    account.roles.clear()
    const run = await trust(['apply', '--yes'])
    assert.deepEqual([run.exitCode, resultsOf(run)], [1, ['failed', 'blocked', 'blocked']])
    assert.match(
      run.stderr,
      /pullpass did not create it, and keys that the cluster does not serve stay: of-others\n.*\n.*--replace keys$/m,
    )
    assert.deepEqual([account.providers.get('cluster')?.key, account.roles.size], [key, 0])
    const replaced = await trust(['apply', '--yes', '--no-verify', '--replace', 'keys'])
    assert.deepEqual(resultsOf(replaced), ['updated', 'created', 'unchanged'])
    assert.ok(!Buffer.from(account.providers.get('cluster')?.key ?? '', 'base64').includes('of-others'))
  })

  await each(
    'a role of another owner is refused, with the command that changes it, and destroy leaves it',
    async () => {
      putRole(cloud, [service])
      const run = await trust(['apply', '--yes'])
      assert.deepEqual([run.exitCode, resultsOf(run)], [1, ['created', 'failed', 'blocked']])
      assert.match(
        run.stderr,
        new RegExp(`^TRUST_REFUSED .*: role ${role} exists, and pullpass did not create it$`, 'm'),
      )
      assert.deepEqual(trustOf(cloud), [service])
      const deployer = statementFor(issuer, { subject: 'system:serviceaccount:ci:deployer' })
      const unrestricted = { ...service, principal: '*' }
      const statements = [service, unrestricted, statementFor(issuer), deployer]
      putRole(cloud, statements)
      const accepted = await trust(['apply', '--yes', '--no-verify'])
      assert.deepEqual(resultsOf(accepted), ['unchanged', 'unchanged', 'created'])
      const { stdout } = await trust(['plan'])
      assert.match(stdout, /it also trusts system:serviceaccount:ci:deployer of \S+, by a statement of another owner/)
      assert.match(stdout, /its trust policy also allows service cvm\.qcloud\.com to assume it/)
      assert.match(stdout, /its trust policy also allows principal \* to assume it/)
      const destroyed = await trust(['destroy', '--yes'])
      assert.deepEqual(resultsOf(destroyed), ['deleted', 'kept', 'kept'])
      assert.deepEqual(trustOf(cloud), statements)
      assert.match(destroyed.stdout, /roles trust it: puller/)
    },
  )

  await each('a role whose trust policy denies, or cannot be read, is refused', async () => {
    putRole(cloud, [{ ...service, effect: 'deny' }])
    assert.match((await trust(['plan'])).stderr, /the trust policy of role \S+ contains a deny$/m)
    for (const document of [
      '',
      '[]',
      '{"statement":{}}',
      '{"statement":[1]}',
      `{"statement":[{"x":${'['.repeat(20_000)}${']'.repeat(20_000)},${JSON.stringify(statementFor(issuer)).slice(1)}]}`,
    ]) {
      account.roles.set('puller', { id: '1', name: 'puller', description: '', document })
      assert.match(
        (await trust(['plan'])).stderr,
        /the trust policy of role \S+ cannot be read$/m,
        document.slice(0, 20),
      )
    }
  })

  await each('further conditions of a statement do not count as trust', async () => {
    const statement = statementFor(issuer)
    const condition = { string_equal: { 'oidc:sub': [subject] }, ip_equal: { 'qcs:ip': ['10.0.0.1'] } }
    putRole(cloud, [{ ...statement, condition }], `pullpass:${mark} pulls images`)
    const run = await trust(['apply', '--yes', '--no-verify'])
    assert.deepEqual(resultsOf(run), ['created', 'updated', 'created'])
    assert.deepEqual(trustOf(cloud), [{ ...statement, condition }, statement])
  })

  await each(
    'destroy keeps statements that pullpass did not write in its role, and the mark of another cluster',
    async () => {
      await trust(['apply', '--yes', '--no-verify'])
      putRole(cloud, [...trustOf(cloud), service], `pullpass:${mark} pullpass:0123456789ab pulls images`)
      const run = await trust(['destroy', '--yes'])
      assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted'])
      assert.match(run.stdout, /only its statements for these clusters were removed: others still use the role/)
      assert.deepEqual(trustOf(cloud), [service])
      assert.equal(account.roles.get('puller')?.description, 'pullpass:0123456789ab pulls images')
    },
  )

  await each(
    'a role of another cluster is shared only if that is accepted, and then has the marks of both',
    async () => {
      const other = statementFor('https://other.example.com', { provider: provider.replace('cluster', 'other') })
      putRole(cloud, [other], 'pullpass:0123456789ab pulls images')
      const refused = await trust(['apply', '--yes', '--no-verify'])
      assert.match(refused.stderr, /^TRUST_DOMAIN_SHARED /m)
      assert.deepEqual(trustOf(cloud), [other])
      const run = await trust(['apply', '--yes', '--no-verify', '--share-trust-domain'])
      assert.equal(run.exitCode, 0, run.stderr)
      assert.deepEqual(trustOf(cloud), [other, statementFor(issuer)])
      assert.match(
        account.roles.get('puller')?.description ?? '',
        new RegExp(`^pullpass:${mark} pullpass:0123456789ab `),
      )
      await trust(['destroy', '--yes'])
      assert.deepEqual(trustOf(cloud), [other])
    },
  )

  await each('a policy of the derived name that pullpass did not create is refused', async () => {
    await trust(['apply', '--yes', '--no-verify'])
    const [policy] = [...account.policies.values()]
    assert.ok(policy !== undefined)
    account.policies.set(policy.id, { ...policy, description: 'of the platform team' })
    const run = await trust(['plan'])
    assert.match(run.stderr, new RegExp(`policy ${policy.name} exists: pullpass did not create it$`, 'm'))
    assert.deepEqual(resultsOf(await trust(['destroy', '--dry-run'])), ['kept', 'kept', 'kept'])
  })

  await each('a policy that something else uses is only detached', async () => {
    await trust(['apply', '--yes', '--no-verify'])
    const [id = 0] = [...account.policies.keys()]
    account.roles.set('other', {
      id: '2',
      name: 'other',
      description: '',
      document: '{"version":"2.0","statement":[]}',
    })
    account.attached('other').add(id)
    assert.match((await trust(['plan'])).stdout, /it is also attached to other/)
    const run = await trust(['destroy', '--yes'])
    assert.match(run.stdout, /it was only detached from the role: other still use it/)
    assert.deepEqual([account.policies.size, account.attached('puller').size], [1, 0])
  })

  await each(
    'keys that the cluster serves are added, others stay until --replace keys, and no other field changes',
    async () => {
      await trust(['apply', '--yes', '--no-verify'])
      const { key, description } = account.providers.get('cluster') ?? assert.fail()
      const old = { kty: 'RSA', kid: 'old', alg: 'RS256', use: 'sig', n: 'AQAB', e: 'AQAB' }
      const encode = (keys: readonly object[]) => Buffer.from(JSON.stringify({ keys })).toString('base64')
      cloud.changeProvider({ key: encode([old]), autoRotateKey: 1 })
      const added = await trust(['apply', '--yes'])
      assert.equal(added.exitCode, 0, added.stderr)
      assert.match(added.stderr, /^update provider \S+: keys \S+ are added$/m)
      const kids = () =>
        JSON.parse(Buffer.from(account.providers.get('cluster')?.key ?? '', 'base64').toString()).keys.map(
          ({ kid }: { kid: string }) => kid,
        )
      assert.equal(kids().length, 2)
      assert.equal(account.providers.get('cluster')?.autoRotateKey, 1)
      assert.match((await trust(['plan', '-o', 'terraform'])).stdout, /^ +auto_rotate_key += 1$/m)
      assert.match((await trust(['plan'])).stdout, /keys that the cluster does not serve stay: old/)
      const replaced = await trust(['apply', '--yes', '--no-verify', '--replace', 'keys'])
      assert.deepEqual(resultsOf(replaced), ['updated', 'unchanged', 'unchanged'])
      assert.deepEqual(
        [account.providers.get('cluster')?.key, account.providers.get('cluster')?.description],
        [key, description],
      )
    },
  )

  await each('the operator’s key of another account changes nothing', async () => {
    const run = await trust(['apply', '--yes', '--no-verify'], {
      roleArn: 'qcs::cam::uin/100000000002:roleName/puller',
    })
    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_DENIED .* is of account 100000000001, and \S+ is in account 100000000002$/m)
  })

  await each('a plan for an issuer without its cluster is refused, since its keys are unknown', async () => {
    const run = await trust(['plan', '--issuer', 'https://cluster.example.com'])
    assert.equal(run.exitCode, 2)
    assert.match(
      run.stderr,
      /^USAGE_INVALID \(run\): CAM stores the keys of https:\/\/cluster\.example\.com, and --issuer gives none$/m,
    )
  })

  await each('each of several clusters has its own role and provider, by its id', async () => {
    const run = await trust([
      'apply',
      '--yes',
      '--no-verify',
      '--context',
      'sandbox',
      '--trust-domain-id',
      'sandbox=prod-1',
    ])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual([[...account.providers.keys()], [...account.roles.keys()]], [['prod-1'], ['prod-1']])
    const shared = await trust(['plan', '--context', 'sandbox', '--issuer-id', 'sandbox=prod-2'])
    assert.match(shared.stdout, /^would-create +provider +\S+:oidc-provider\/prod-2$/m)
    assert.match(shared.stdout, new RegExp(`^would-create +role +${role}$`, 'm'))
  })
})

suite('the operator’s key at Tencent Cloud', () => {
  test('is that of the variables, or else of the profile of tccli; an incomplete or expired one is an error', async (t) => {
    const { sandbox, cloud, trust } = await startTrustTest(t)
    const { TENCENTCLOUD_SECRET_ID: secretId = '', TENCENTCLOUD_SECRET_KEY: secretKey = '' } = cloud.environment
    const home = sandbox.folder.path
    await mkdir(`${home}/.tccli`, { recursive: true })
    const profile = async (name: string, content: object | string) =>
      await writeFile(
        `${home}/.tccli/${name}.credential`,
        typeof content === 'string' ? content : JSON.stringify(content),
      )
    const none = { TENCENTCLOUD_SECRET_ID: undefined, TENCENTCLOUD_SECRET_KEY: undefined, HOME: home }
    const plan = async (environment: Readonly<Record<string, string | undefined>>) =>
      await trust(['plan'], {}, { environment })
    const seen = async (environment: Readonly<Record<string, string | undefined>>) =>
      /^TRUST_CREDENTIALS_MISSING \(trust\): (.*)$/m.exec((await plan(environment)).stderr)?.[1]

    assert.match(
      (await seen(none)) ?? '',
      /^TENCENTCLOUD_SECRET_ID is not set, and ~\/\.tccli\/default\.credential does not exist$/,
    )
    assert.match(
      (await seen({ TENCENTCLOUD_SECRET_KEY: undefined })) ?? '',
      /TENCENTCLOUD_SECRET_ID is set, and TENCENTCLOUD_SECRET_KEY is not$/,
    )
    assert.match(
      (await seen({ ...none, TENCENTCLOUD_TOKEN: 'x' })) ?? '',
      /TENCENTCLOUD_TOKEN is set, and TENCENTCLOUD_SECRET_ID is not$/,
    )
    assert.match((await seen({ TENCENTCLOUD_TOKEN: 'x', TENCENTCLOUD_SECURITY_TOKEN: 'y' })) ?? '', /are different$/)
    assert.match(
      (await seen({ TENCENTCLOUD_ROLE_ARN: role })) ?? '',
      /pullpass does not assume a role for the operator$/,
    )
    assert.match((await seen({ ...none, TCCLI_PROFILE: 'absent' })) ?? '', /absent\.credential does not exist$/)
    await profile('default', 'not JSON')
    assert.match((await seen(none)) ?? '', /contains no secretId and secretKey$/)
    await profile('default', { secretId, secretKey, type: 'oauth', expiresAt: sandbox.clock.now().getTime() / 1000 })
    assert.match((await seen(none)) ?? '', /the key in \S+ has expired$/)
    await profile('default', { secretId, secretKey, 'role-arn': role })
    assert.match((await seen(none)) ?? '', /names a role: pullpass does not assume a role for the operator$/)
    await profile('default', { secretId: 'AKIDother00000000', secretKey: 'x' })
    await profile('ops', { secretId, secretKey })
    const found = await plan({ ...none, TCCLI_PROFILE: 'ops' })
    assert.deepEqual([found.exitCode, found.stderr], [0, ''])
    const other = await plan(none)
    assert.match(
      other.stderr,
      /^TRUST_DENIED \(trust\): Tencent Cloud STS responded with 200 "AuthFailure\.SecretIdNotFound: /m,
    )
    assert.ok(!`${other.stdout}${other.stderr}`.includes(secretKey))
  })
})
