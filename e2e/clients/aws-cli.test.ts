/**
 * AWS's own command line with the sandbox and with moto, another project's emulator: the same commands have the same results.
 * Moto verifies no tokens; what the sandbox refuses is tested with the sandbox alone.
 * https://docs.aws.amazon.com/cli/latest/reference/
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import type { AwsSandbox } from '../../sandbox/aws/vendor.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import type { AbsentPart } from '../../tools/real-parts/run-installer.ts'
import { type ProgramRun, runProgram } from '../parts/process/run-program.ts'
import { type PythonProgram, startAwsCli } from '../parts/process/start-python-program.ts'
import { absentPart } from '../parts/real-part.ts'
import { type Moto, startMoto } from '../parts/stores/start-moto.ts'

type Aws = (...words: string[]) => Promise<ProgramRun>

/** For which requests of IAM are signed; with an endpoint of its own the command line does not know it. */
const iamRegion = 'us-east-1'
const images = 'arn:aws:ecr:eu-west-1:123456789012:repository/example-project/images/*'
const trustPolicy = (provider: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: provider },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { 'issuer.example.com:sub': 'system:serviceaccount:image-system:pullpass' } },
      },
    ],
  })
const pullPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }],
})

suite('the AWS command line', () => {
  let sandbox: Sandbox
  let cloud: AwsSandbox
  let moto: Moto | undefined
  let program: PythonProgram | undefined
  let absent: AbsentPart | undefined
  before(async () => {
    sandbox = await startSandbox()
    cloud = await sandbox.start(sandboxVendors.aws)
    try {
      program = await startAwsCli()
      moto = await startMoto('disabled')
    } catch (fault) {
      absent = absentPart(fault)
    }
  })
  after(async () => {
    await moto?.close()
    await program?.close()
    await sandbox.close()
  })

  const run = async (environment: Readonly<Record<string, string>>, words: readonly string[]) =>
    await runProgram(program?.file ?? '', words, {
      environment: {
        HOME: sandbox.folder.path,
        AWS_DEFAULT_REGION: words[0] === 'iam' ? iamRegion : 'eu-west-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CA_BUNDLE: sandbox.folder.caFile,
        AWS_MAX_ATTEMPTS: '1',
        ...environment,
      },
    })
  const atSandbox: Aws = async (...words) => await run({ ...cloud.environment }, words)
  const targets: Readonly<Record<string, Aws>> = {
    'the sandbox': atSandbox,
    moto: async (...words) => {
      const keys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-checked' }
      return await run({ AWS_ENDPOINT_URL: moto?.url ?? '', ...keys }, words)
    },
  }
  const skipWithout = (t: TestContext): boolean => {
    if (absent !== undefined) t.skip(absent.message)
    return absent !== undefined
  }
  const json = async (aws: Aws, ...words: string[]) => {
    const { exitCode, stdout, stderr } = await aws(...words, '--output', 'json')
    assert.equal(exitCode, 0, stderr)
    return stdout.trim() === '' ? {} : Object(JSON.parse(stdout))
  }
  const refused = async (aws: Aws, code: string, ...words: string[]) => {
    const { exitCode, stderr } = await aws(...words)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, new RegExp(`An error occurred \\(${code}\\)`))
  }

  for (const [name, aws] of Object.entries(targets)) {
    test(`with ${name}: OIDC providers`, async (t) => {
      if (skipWithout(t)) return
      const url = 'https://issuer.example.com'
      const create = [
        'iam',
        'create-open-id-connect-provider',
        '--url',
        url,
        '--client-id-list',
        'sts.amazonaws.com',
        '--thumbprint-list',
        'a'.repeat(40),
      ]
      const { OpenIDConnectProviderArn: arn } = await json(aws, ...create)
      assert.equal(arn, 'arn:aws:iam::123456789012:oidc-provider/issuer.example.com')
      await refused(aws, 'EntityAlreadyExists', ...create)
      const found = await json(aws, 'iam', 'get-open-id-connect-provider', '--open-id-connect-provider-arn', arn)
      assert.equal(found.Url.replace('https://', ''), 'issuer.example.com')
      assert.deepEqual([found.ClientIDList, found.ThumbprintList], [['sts.amazonaws.com'], ['a'.repeat(40)]])
      await refused(
        aws,
        'NoSuchEntity',
        'iam',
        'get-open-id-connect-provider',
        '--open-id-connect-provider-arn',
        `${arn}/other`,
      )
      await json(aws, 'iam', 'delete-open-id-connect-provider', '--open-id-connect-provider-arn', arn)
    })

    test(`with ${name}: roles and their policies`, async (t) => {
      if (skipWithout(t)) return
      const provider = 'arn:aws:iam::123456789012:oidc-provider/issuer.example.com'
      const named = ['--role-name', 'contract']
      const create = [
        'iam',
        'create-role',
        ...named,
        '--description',
        'one & <two>',
        '--assume-role-policy-document',
        trustPolicy(provider),
      ]
      const { Role: created } = await json(aws, ...create)
      assert.deepEqual([created.Arn, created.Path], ['arn:aws:iam::123456789012:role/contract', '/'])
      await refused(aws, 'EntityAlreadyExists', ...create)
      const { Role: found } = await json(aws, 'iam', 'get-role', ...named)
      assert.deepEqual(found.AssumeRolePolicyDocument, JSON.parse(trustPolicy(provider)))
      assert.deepEqual([found.Description, found.MaxSessionDuration], ['one & <two>', 3600])
      await refused(aws, 'NoSuchEntity', 'iam', 'get-role', '--role-name', 'other')

      await json(aws, 'iam', 'put-role-policy', ...named, '--policy-name', 'pull', '--policy-document', pullPolicy)
      const { PolicyDocument } = await json(aws, 'iam', 'get-role-policy', ...named, '--policy-name', 'pull')
      assert.deepEqual(PolicyDocument, JSON.parse(pullPolicy))
      assert.deepEqual((await json(aws, 'iam', 'list-role-policies', ...named)).PolicyNames, ['pull'])
      await refused(aws, 'NoSuchEntity', 'iam', 'get-role-policy', ...named, '--policy-name', 'other')
      await refused(
        aws,
        'MalformedPolicyDocument',
        'iam',
        'put-role-policy',
        ...named,
        '--policy-name',
        'bad',
        '--policy-document',
        '{}',
      )
      await refused(aws, 'DeleteConflict', 'iam', 'delete-role', ...named)
      await json(aws, 'iam', 'delete-role-policy', ...named, '--policy-name', 'pull')
      await json(aws, 'iam', 'delete-role', ...named)
      await refused(aws, 'NoSuchEntity', 'iam', 'get-role', ...named)
    })

    test(`with ${name}: a session for a subject token, and with it a token of ECR`, async (t) => {
      if (skipWithout(t)) return
      if (name === 'moto')
        await json(
          aws,
          'iam',
          'create-role',
          '--role-name',
          'puller',
          '--assume-role-policy-document',
          trustPolicy('arn:aws:iam::123456789012:oidc-provider/a'),
        )
      await sandbox.writeToken({ audiences: [cloud.audience] })
      const { Credentials: session, AssumedRoleUser: user } = await assume(aws)
      assert.equal(user.Arn, 'arn:aws:sts::123456789012:assumed-role/puller/contract')
      assert.ok(Date.parse(session.Expiration) > Date.now() + 850_000)
      const { authorizationData } = await json(
        async (...words) => await withSession(name, session, words),
        'ecr',
        'get-authorization-token',
      )
      assert.match(Buffer.from(authorizationData[0].authorizationToken, 'base64').toString(), /^AWS:/)
      assert.equal(authorizationData[0].proxyEndpoint, 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com')
    })
  }

  const assumeWords = () => {
    const session = ['--role-arn', cloud.roleArn, '--role-session-name', 'contract']
    return [
      'sts',
      'assume-role-with-web-identity',
      ...session,
      '--web-identity-token',
      `file://${sandbox.folder.tokenFile}`,
    ]
  }
  const assume = async (aws: Aws) => await json(aws, ...assumeWords(), '--duration-seconds', '900')

  const withSession = async (
    name: string,
    { AccessKeyId, SecretAccessKey, SessionToken }: Readonly<Record<string, string>>,
    words: readonly string[],
  ) => {
    const endpoints = name === 'moto' ? { AWS_ENDPOINT_URL: moto?.url ?? '' } : cloud.environment
    const keys = {
      AWS_ACCESS_KEY_ID: AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: SessionToken ?? '',
    }
    return await run({ ...endpoints, ...keys }, words)
  }

  test('with the sandbox: refusals of tokens and signatures', async (t) => {
    if (skipWithout(t)) return
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    await refused(atSandbox, 'InvalidIdentityToken', ...assumeWords())
    await sandbox.writeToken({ audiences: [cloud.audience] })
    const { Credentials: session } = await assume(atSandbox)
    const forged = { ...session, SecretAccessKey: 'x'.repeat(40) }
    await refused(
      async (...all) => await withSession('the sandbox', forged, all),
      'InvalidSignatureException',
      'ecr',
      'get-authorization-token',
    )
    const other = { ...session, SessionToken: 'x'.repeat(440) }
    await refused(
      async (...all) => await withSession('the sandbox', other, all),
      'UnrecognizedClientException',
      'ecr',
      'get-authorization-token',
    )
  })

  test('with the sandbox: the password of ECR Public', async (t) => {
    if (skipWithout(t)) return
    await sandbox.writeToken({ audiences: [cloud.audience] })
    const { Credentials: session } = await assume(atSandbox)
    const { exitCode, stdout, stderr } = await withSession('the sandbox', session, [
      'ecr-public',
      'get-login-password',
      '--region',
      'us-east-1',
    ])
    assert.equal(exitCode, 0, stderr)
    assert.ok(cloud.authenticate({ username: 'AWS', password: stdout.trim() }))
  })

  const document = async () => {
    const file = join(sandbox.folder.path, 'ecr.yaml')
    await writeFile(
      file,
      `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ecr}
spec:
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: ecr
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      aws: {roleArn: "${cloud.roleArn}", region: eu-west-1, trust: {repositories: ["${images}"]}}
    - name: public
      hosts: ["localhost:${sandbox.parts.registry.port}/public/"]
      awsPublic: {roleArn: "${cloud.roleArn}", trust: {}}
`,
    )
    return file
  }

  test('runs the commands that `trust plan -o aws` prints: a refresh succeeds afterwards', async (t) => {
    if (skipWithout(t)) return
    cloud.account.providers.clear()
    cloud.account.roles.clear()
    const file = await document()
    const { stdout } = await runPullpass(sandbox, ['trust', 'plan', '-f', file, '-o', 'aws'])
    const script = join(sandbox.folder.path, 'trust.sh')
    await writeFile(script, `aws() { '${program?.file}' "$@"; }\n${stdout}`)
    const { exitCode, stderr } = await runProgram('sh', ['-e', script], {
      environment: {
        HOME: sandbox.folder.path,
        AWS_DEFAULT_REGION: iamRegion,
        AWS_CA_BUNDLE: sandbox.folder.caFile,
        ...cloud.environment,
      },
    })
    assert.equal(exitCode, 0, stderr)
    const plan = await runPullpass(sandbox, ['trust', 'plan', '-f', file])
    assert.doesNotMatch(plan.stdout, /^(would-\w+|refused) /m)
    const refresh = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(refresh.exitCode, 0, refresh.stderr)
  })

  test('finds at moto what `trust apply` created there, and nothing after `trust destroy`', async (t) => {
    if (skipWithout(t) || moto === undefined) return
    const aws = targets['moto'] ?? assert.fail()
    await aws('iam', 'delete-role', '--role-name', 'puller')
    const file = await document()
    const environment = {
      AWS_ENDPOINT_URL_STS: moto.url,
      AWS_ENDPOINT_URL_IAM: moto.url,
      AWS_ENDPOINT_URL_ECR: moto.url,
    }
    const applied = await runPullpass(sandbox, ['trust', 'apply', '-f', file, '--yes', '--no-verify'], { environment })
    assert.equal(applied.exitCode, 0, applied.stderr)
    const { Role: role } = await json(aws, 'iam', 'get-role', '--role-name', 'puller')
    const key = sandbox.cluster.issuer.replace('https://', '')
    assert.deepEqual(role.AssumeRolePolicyDocument.Statement[0].Condition.StringEquals, {
      [`${key}:sub`]: 'system:serviceaccount:image-system:pullpass',
      [`${key}:aud`]: 'sts.amazonaws.com',
    })
    const again = await runPullpass(sandbox, ['trust', 'apply', '-f', file, '--yes', '--no-verify'], { environment })
    assert.equal([...again.stdout.matchAll(/^unchanged /gm)].length, 3, again.stdout)
    const destroyed = await runPullpass(sandbox, ['trust', 'destroy', '-f', file, '--yes'], { environment })
    assert.equal([...destroyed.stdout.matchAll(/^deleted /gm)].length, 3, destroyed.stdout + destroyed.stderr)
    await refused(aws, 'NoSuchEntity', 'iam', 'get-role', '--role-name', 'puller')
  })
})
