import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import type { IamCaller } from '../../../../src/vendors/gcp/operator/caller.ts'
import { operatorToken } from '../../../../src/vendors/gcp/operator/sign-in.ts'
import { type FakeContext, fakeContext } from '../../../support/fake-context.ts'
import { startTestSandbox, type TestSandbox } from '../../../support/start-test-sandbox.ts'

const caller: IamCaller = {
  hop: 'publish',
  codes: { credentials: 'PUBLISH_CREDENTIALS_MISSING', denied: 'PUBLISH_DENIED', absent: 'PUBLISH_TARGET_NOT_FOUND' },
}
const puller = 'puller@example-project.iam.gserviceaccount.com'

/** As `gcloud iam workload-identity-pools create-cred-config` writes it, but for the hosts. */
const federated = ({ folder, gcp: { parts, provider } }: TestSandbox, more: object = {}) => ({
  type: 'external_account',
  audience: `//iam.googleapis.com/${provider}`,
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${parts.sts.url}/v1/token`,
  credential_source: { file: folder.tokenFile },
  ...more,
})

async function contextWith(sandbox: TestSandbox, credentials: unknown): Promise<FakeContext> {
  const text = typeof credentials === 'string' ? credentials : JSON.stringify(credentials)
  const file = await sandbox.write('credentials.json', text)
  return contextOf(sandbox, { GOOGLE_APPLICATION_CREDENTIALS: file })
}

/** The sandbox is used because the environment names its endpoints, never because a file does. */
const contextOf = ({ authority, gcp: { parts } }: TestSandbox, environment: Record<string, string>) =>
  fakeContext({
    ca: authority.ca,
    environment: {
      METADATA_SERVER_DETECTION: 'none',
      PULLPASS_GCP_STS_ENDPOINT: parts.sts.url,
      PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: parts.iamCredentials.url,
      ...environment,
    },
  })

async function startMetadata(t: TestContext, headers: Record<string, string>): Promise<string> {
  const server = createServer((request, response) => {
    const known = request.headers['metadata-flavor'] === 'Google' && request.url?.endsWith('/default/token')
    response.writeHead(known ? 200 : 403, headers)
    response.end(JSON.stringify({ access_token: 'of-the-machine', expires_in: 3599, token_type: 'Bearer' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `127.0.0.1:${address.port}`
}

suite("the operator's token at Google", () => {
  test('is that of the pod, by federation: no key is needed to publish keys', async (t) => {
    const sandbox = await startTestSandbox(t)
    const context = await contextWith(sandbox, federated(sandbox))
    const token = await operatorToken(context, caller)()
    assert.equal(sandbox.gcp.holderOf(token.reveal())?.member, sandbox.gcp.principal)
  })

  test('is that of a service account which the pod impersonates', async (t) => {
    const sandbox = await startTestSandbox(t)
    const service_account_impersonation_url = `${sandbox.gcp.parts.iamCredentials.url}/v1/projects/-/serviceAccounts/${puller}:generateAccessToken`
    const context = await contextWith(sandbox, federated(sandbox, { service_account_impersonation_url }))
    const token = await operatorToken(context, caller)()
    assert.equal(sandbox.gcp.holderOf(token.reveal())?.member, `serviceAccount:${puller}`)
  })

  test('is exchanged for the token of the GitHub Actions job, requested at the URL in its environment', async (t) => {
    const sandbox = await startTestSandbox(t)
    const own = 'https://actions.example.com/token?api-version=2.0'
    const source = { url: `${own}&audience=https%3A%2F%2Fexample.com`, headers: { Authorization: 'chosen' } }
    const credentials = federated(sandbox, { credential_source: source })
    const { environment, ...context } = await contextWith(sandbox, credentials)
    const requests: unknown[] = []
    const transport: typeof context.transport = async (request) => {
      if (!request.url.startsWith(own)) return await context.transport(request)
      requests.push(request.url, request.headers['authorization'])
      const value = await readFile(sandbox.folder.tokenFile, 'utf8')
      return { status: 200, headers: {}, body: JSON.stringify({ value }) }
    }
    const job = { ACTIONS_ID_TOKEN_REQUEST_URL: own, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job' }
    const token = await operatorToken({ ...context, transport, environment: { ...environment, ...job } }, caller)()
    assert.equal(sandbox.gcp.holderOf(token.reveal())?.member, sandbox.gcp.principal)
    assert.deepEqual(requests, [source.url, 'Bearer of-the-job'])
  })

  test('is renewed when half of its life is left', async (t) => {
    const sandbox = await startTestSandbox(t)
    const context = await contextWith(sandbox, federated(sandbox))
    const token = operatorToken(context, caller)
    const first = (await token()).reveal()
    await context.sleep(29 * 60_000, context.signal)
    assert.equal((await token()).reveal(), first)
    await context.sleep(2 * 60_000, context.signal)
    assert.notEqual((await token()).reveal(), first)
  })

  test('is kept while Google takes no new subject token, as at a rotation of the signing keys, until it ends', async (t) => {
    const sandbox = await startTestSandbox(t)
    const context = await contextWith(sandbox, federated(sandbox))
    const token = operatorToken(context, caller)
    const first = (await token()).reveal()
    await sandbox.writeToken({ audiences: ['https://example.com'] })
    await context.sleep(58 * 60_000, context.signal)
    assert.equal((await token()).reveal(), first)
    await context.sleep(2 * 60_000, context.signal)
    await assert.rejects(token(), { code: 'PUBLISH_DENIED' })
  })

  test('is requested once by concurrent callers', async (t) => {
    const sandbox = await startTestSandbox(t)
    const token = operatorToken(await contextWith(sandbox, federated(sandbox)), caller)
    const [one, other] = await Promise.all([token(), token()])
    assert.equal(one.reveal(), other.reveal())
  })

  test('refused by Google it is an error with Google’s words and without the token', async (t) => {
    const sandbox = await startTestSandbox(t)
    const audience = `//iam.googleapis.com/${sandbox.gcp.provider.replace('providers/cluster', 'providers/other')}`
    const context = await contextWith(sandbox, federated(sandbox, { audience }))
    await assert.rejects(operatorToken(context, caller)(), (fault: Error & { seen?: string; code?: string }) => {
      assert.equal(fault.code, 'PUBLISH_DENIED')
      assert.match(
        fault.seen ?? '',
        /^Google responded with 400 "invalid_target: .*" to the operator's credentials of /,
      )
      assert.equal(fault.cause, undefined)
      return true
    })
  })

  test('is not requested from an endpoint whose certificate is not trusted', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { environment } = await contextWith(sandbox, federated(sandbox))
    const context = fakeContext({ environment })
    await assert.rejects(operatorToken(context, caller)(), { code: 'CERTIFICATE_UNTRUSTED', hop: 'publish' })
  })

  test('is read from gcloud’s file where the environment names none', async (t) => {
    const sandbox = await startTestSandbox(t)
    await sandbox.write('application_default_credentials.json', JSON.stringify(federated(sandbox)))
    const token = await operatorToken(contextOf(sandbox, { CLOUDSDK_CONFIG: sandbox.folder.path }), caller)()
    assert.equal(sandbox.gcp.holderOf(token.reveal())?.member, sandbox.gcp.principal)
  })

  test('is the machine’s own where no file is, and the metadata server responds', async (t) => {
    const sandbox = await startTestSandbox(t)
    const host = await startMetadata(t, { 'metadata-flavor': 'Google' })
    const context = fakeContext({ environment: { HOME: sandbox.folder.path, GCE_METADATA_HOST: host } })
    assert.equal((await operatorToken(context, caller)()).reveal(), 'of-the-machine')
  })

  test('is not taken from a server that is not the metadata server', async (t) => {
    const host = await startMetadata(t, {})
    const context = fakeContext({ environment: { GCE_METADATA_HOST: host } })
    await assert.rejects(operatorToken(context, caller)(), { code: 'PUBLISH_CREDENTIALS_MISSING' })
  })

  test('is an error with the three sources if none has credentials', async () => {
    const context = fakeContext({ environment: { HOME: '/nonexistent', METADATA_SERVER_DETECTION: 'none' } })
    await assert.rejects(operatorToken(context, caller)(), {
      code: 'PUBLISH_CREDENTIALS_MISSING',
      seen: 'no credentials for Google were found: GOOGLE_APPLICATION_CREDENTIALS is not set, /nonexistent/.config/gcloud/application_default_credentials.json does not exist, and no metadata server responds',
    })
  })

  const broken: readonly [name: string, text: string, seen: RegExp][] = [
    ['no JSON', 'secret words', /is not a JSON object$/],
    ['of an unknown type', '{"type": "gdch_service_account"}', /is of a type that pullpass does not support$/],
    [
      'of a token service that neither Google nor the environment names',
      '{"type": "external_account", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "https://localhost:1/v1/token", "credential_source": {"file": "token"}}',
      /has the token_url "https:\/\/localhost:1\/v1\/token"$/,
    ],
    [
      'that has a program make the token',
      '{"type": "external_account", "credential_source": {"executable": {"command": "/bin/sh"}}}',
      /has a program as its token source, which pullpass does not run$/,
    ],
  ]
  for (const [name, text, seen] of broken) {
    test(`no other place is searched if the file that is named is ${name}`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const context = await contextWith(sandbox, text)
      await assert.rejects(operatorToken(context, caller)(), { code: 'CREDENTIAL_FILE_INVALID', seen })
    })
  }
})
