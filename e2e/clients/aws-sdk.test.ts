/**
 * AWS's own SDK works with the sandbox's STS and ECR, and reports their errors.
 * https://docs.aws.amazon.com/AWSJavaScriptSDK/v3/latest/client/sts
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { AwsSandbox } from '../../sandbox/aws/vendor.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'

suite('the AWS SDK for JavaScript with the sandbox', () => {
  let sandbox: Sandbox
  let aws: AwsSandbox
  before(async () => {
    sandbox = await startSandbox()
    aws = await sandbox.start(sandboxVendors.aws)
    setDefaultCACertificates([sandbox.authority.ca])
  })
  after(() => sandbox.close())

  const assumeRole = async (roleArn = aws.roleArn) => {
    const client = new STSClient({ region: aws.region, endpoint: aws.parts.sts.url, maxAttempts: 1 })
    const { Credentials: session } = await client.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleArn,
        RoleSessionName: 'sdk',
        WebIdentityToken: await readFile(sandbox.folder.tokenFile, 'utf8'),
      }),
    )
    assert.ok(session?.AccessKeyId && session.SecretAccessKey && session.SessionToken && session.Expiration)
    return {
      accessKeyId: session.AccessKeyId,
      secretAccessKey: session.SecretAccessKey,
      sessionToken: session.SessionToken,
      expiration: session.Expiration,
    }
  }
  const getToken = async (session: Awaited<ReturnType<typeof assumeRole>>) => {
    const { parts, region } = aws
    const client = new ECRClient({ region, endpoint: parts.ecr.url, credentials: session, maxAttempts: 1 })
    const { authorizationData: [token] = [] } = await client.send(new GetAuthorizationTokenCommand({}))
    return token ?? assert.fail('no token')
  }

  test('it assumes the role with a projected token, and gets the password of the registry', async () => {
    await sandbox.writeToken({ audiences: [aws.audience] })
    const session = await assumeRole()
    const lifeMs = session.expiration.getTime() - Date.now()
    assert.ok(lifeMs > 3_500_000 && lifeMs <= 3_600_000, `${lifeMs}`)

    const { authorizationToken = '', expiresAt, proxyEndpoint } = await getToken(session)

    const [username = '', password = ''] = Buffer.from(authorizationToken, 'base64').toString().split(':')
    assert.equal(proxyEndpoint, `https://${aws.accountId}.dkr.ecr.${aws.region}.amazonaws.com`)
    assert.ok(expiresAt instanceof Date && expiresAt.getTime() > Date.now() + 43_000_000)
    assert.ok(aws.authenticate({ username, password }))
  })

  test('it reports a role that does not trust the cluster, and a token for another audience', async () => {
    await sandbox.writeToken({ audiences: [aws.audience] })
    await assert.rejects(assumeRole(aws.roleArn.replace('puller', 'other')), {
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    })
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    await assert.rejects(assumeRole(), { name: /^InvalidIdentityToken/, message: 'Incorrect token audience' })
  })

  test('it reports a session that is not one of the account, and a signature with another key', async () => {
    await sandbox.writeToken({ audiences: [aws.audience] })
    const session = await assumeRole()
    await assert.rejects(getToken({ ...session, sessionToken: 'x'.repeat(440) }), {
      name: 'UnrecognizedClientException',
    })
    await assert.rejects(getToken({ ...session, secretAccessKey: 'x'.repeat(40) }), {
      name: 'InvalidSignatureException',
    })
  })
})
