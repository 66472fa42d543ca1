import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindExchange } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { loadRegistry } from '../exchange-registry.ts'
import { audience, host, role, startAwsTest } from './exchange-at-sandbox.ts'

const trustPolicyFor = (principal: string, condition?: object) =>
  ({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole', ...condition },
  }) as const

const allow = (action: string | readonly string[], resource: string) =>
  ({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: action, Resource: resource } }) as const

test('an exchange at AWS', async (t) => {
  const { sandbox, cloud, exchange, refusal, token } = await startAwsTest(t)

  await t.test('returns user AWS and a password that the registry accepts until the session ends', async () => {
    const { credential, sent } = await exchange()
    assert.deepEqual([credential.hosts, credential.username], [[host], 'AWS'])
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
    const holder = cloud.authenticate({ username: 'AWS', password: credential.password.reveal() })
    assert.equal(holder?.mayPull('example-project/images/hello'), true)
    assert.equal(holder?.mayPull('example-project/others/hello'), false)
    assert.deepEqual(
      sent.map(({ method, url }) => [method, url]),
      [
        ['POST', `${cloud.parts.sts.url}/`],
        ['POST', `${cloud.parts.ecr.url}/`],
      ],
    )
  })

  await t.test(
    'sends the subject token once, unsigned, in the body, and names its session after the account',
    async () => {
      const subjectToken = await token()
      const { sent } = await exchange({ subjectToken })
      const [first, second] = sent
      const fields = new URLSearchParams(first?.body)
      assert.equal(fields.get('WebIdentityToken'), subjectToken.value.reveal())
      assert.equal(fields.get('RoleSessionName'), 'pullpass.image-system.pullpass')
      assert.deepEqual([fields.get('RoleArn'), fields.get('DurationSeconds')], [role, '3600'])
      assert.equal(first?.headers?.['authorization'], undefined)
      assert.doesNotMatch(JSON.stringify(second), new RegExp(subjectToken.value.reveal().slice(0, 40)))
      assert.deepEqual([second?.body, second?.headers?.['content-type']], ['{}', 'application/x-amz-json-1.1'])
    },
  )

  await t.test(
    'also accepts XML: the token service of an older partition or an emulator returns only XML',
    async () => {
      const response = { status: 200, headers: { 'content-type': 'text/xml' }, body: xmlOf(cloud, sandbox.clock.now()) }
      cloud.parts.sts.faults.inject({ kind: 'response', response }, { times: 1 })
      const { credential } = await exchange()
      assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:15:00.000Z')
    },
  )

  await t.test('has the session name, duration and policies of the document', async () => {
    const policy = JSON.stringify(allow('ecr:GetAuthorizationToken', '*'))
    const arn = 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly'
    const aws = `sessionName: nightly, sessionDuration: 15m, sessionPolicy: '${policy}', sessionPolicyArns: ["${arn}"]`
    const { credential, sent } = await exchange({ aws })
    const fields = Object.fromEntries(new URLSearchParams(sent[0]?.body))
    assert.deepEqual(
      [fields['RoleSessionName'], fields['DurationSeconds'], fields['Policy'], fields['PolicyArns.member.1.arn']],
      ['nightly', '900', policy, arn],
    )
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T12:15:00.000Z')
    const limited = await exchange({ aws: `sessionPolicy: '${policy}'` })
    const password = limited.credential.password.reveal()
    assert.equal(cloud.authenticate({ username: 'AWS', password })?.mayPull('example-project/images/hello'), false)
  })

  await t.test('assumes further roles, one after the other, and pulls as the last one', async () => {
    const [second, third] = ['arn:aws:iam::123456789012:role/second', 'arn:aws:iam::123456789012:role/third']
    cloud.putRole('puller', {
      trust: cloud.account.roles.get('puller')?.trustPolicy ?? assert.fail(),
      policies: { chain: allow('sts:AssumeRole', second) },
    })
    cloud.putRole('second', { trust: trustPolicyFor(role), policies: { chain: allow('sts:AssumeRole', third) } })
    cloud.putRole('third', {
      trust: trustPolicyFor(second, { Condition: { StringEquals: { 'sts:ExternalId': 'images-1' } } }),
      policies: { pull: allow(['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], '*') },
    })
    const chain = (externalId: string) =>
      `assumeRoles: [{roleArn: "${second}"}, {roleArn: "${third}", externalId: ${externalId}}]`
    const { credential, sent } = await exchange({ aws: chain('images-1') })
    assert.deepEqual(
      sent.map(({ url, body }) => [url, new URLSearchParams(body).get('Action')]),
      [
        [`${cloud.parts.sts.url}/`, 'AssumeRoleWithWebIdentity'],
        [`${cloud.parts.sts.url}/`, 'AssumeRole'],
        [`${cloud.parts.sts.url}/`, 'AssumeRole'],
        [`${cloud.parts.ecr.url}/`, null],
      ],
    )
    assert.equal(
      cloud.authenticate({ username: 'AWS', password: credential.password.reveal() })?.mayPull('any/image'),
      true,
    )
    const fault = await refusal({ aws: chain('other-1') })
    assert.deepEqual([fault.code, fault.hop], ['IMPERSONATION_DENIED', 'exchange/assume-role'])
    assert.equal(
      fault.seen,
      `AWS's token service responded with 403 "AccessDenied: User: arn:aws:sts::123456789012:assumed-role/second/pullpass.image-system.pullpass is not authorized to perform: sts:AssumeRole on resource: ${third}"`,
    )
    await cloud.trust(sandbox.cluster.issuer)
  })

  await t.test(
    'signs with the time of AWS: an exchange succeeds even if this machine’s clock is hours off',
    async () => {
      for (const at of ['2026-11-24T09:00:00Z', '2026-11-24T15:00:00Z']) {
        const { credential } = await exchange({ at })
        const lifeMs = (credential.expiresAt?.getTime() ?? 0) - Date.parse(at)
        assert.ok(Math.abs(lifeMs - 3_600_000) <= 1000, `${lifeMs}`)
      }
    },
  )

  await t.test('of ECR Public has its own service in us-east-1', async () => {
    const registry = `hosts: [public.ecr.aws], awsPublic: {roleArn: "${role}"}`
    const { credential, sent } = await exchange({ registry })
    assert.deepEqual([credential.hosts, credential.username], [['public.ecr.aws'], 'AWS'])
    assert.equal(sent[1]?.url, `${cloud.parts.ecrPublic.url}/`)
    assert.match(sent[1]?.headers?.['authorization'] ?? '', /\/us-east-1\/ecr-public\/aws4_request/)
  })

  await t.test(
    'requests the audience sts.amazonaws.com, or that of the registry, and each hop has a name',
    async () => {
      const usual = await bindExchange(
        await loadRegistry(`hosts: [${host}], aws: {roleArn: "${role}", region: eu-west-1}`),
        vendors,
      )
      assert.deepEqual([usual.audiences, usual.hops], [[audience], ['exchange', 'exchange/authorization']])
      const chained = await bindExchange(
        await loadRegistry(
          `hosts: [${host}], audience: ecr, aws: {roleArn: "${role}", region: eu-west-1, assumeRoles: [{roleArn: "${role}"}]}`,
        ),
        vendors,
      )
      assert.deepEqual(chained.audiences, ['ecr'])
      assert.deepEqual(chained.hops, ['exchange', 'exchange/assume-role', 'exchange/authorization'])
    },
  )

  await t.test('refuses a subject that is longer than AWS accepts', async () => {
    const bound = await bindExchange(
      await loadRegistry(`hosts: [${host}], aws: {roleArn: "${role}", region: eu-west-1}`),
      vendors,
    )
    const subject = `system:serviceaccount:${'n'.repeat(63)}:${'a'.repeat(200)}`
    assert.equal(bound.checkSubject(subject, 'ClusterPullSecret pull')?.code, 'SUBJECT_TOO_LONG')
    assert.equal(bound.checkSubject(subject.slice(0, 255), 'ClusterPullSecret pull'), undefined)
  })
})

/** A session of a quarter of an hour, that the sandbox's ECR accepts. */
function xmlOf({ keys }: Awaited<ReturnType<typeof startAwsTest>>['cloud'], now: Date): string {
  const expiresAt = new Date(now.getTime() + 900_000)
  const { id, secret, sessionToken } = keys.issue(
    { arn: 'arn:aws:sts::123456789012:assumed-role/puller/a', role: 'puller' },
    expiresAt,
  )
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Credentials>
      <AccessKeyId>${id}</AccessKeyId>
      <SecretAccessKey>${secret}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${expiresAt.toISOString()}</Expiration>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`
}
