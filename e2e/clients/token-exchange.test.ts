/**
 * The vendor `oidc` with a token exchange server of another project (zitadel/oidc), which verifies the tokens of the sandbox's
 * cluster by its published keys. https://www.rfc-editor.org/rfc/rfc8693
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { readPullSecret } from '../../test/support/read-pull-secret.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../test/support/start-test-sandbox.ts'
import { documentOf } from '../../test/vendors/exchange-registry.ts'
import { buildGoProgram } from '../../tools/real-parts/build-go-programs.ts'
import { freePort } from '../parts/process/free-port.ts'
import { startPart } from '../parts/process/start-part.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { absentPart, type RealPart } from '../parts/real-part.ts'

/** Characters that RFC 6749 §2.3.1 encodes in a header. */
const client = { id: 'pull pass+1:%', secret: 'a secret+/=%:&1' }
const subject = 'system:serviceaccount:image-system:pullpass'

suite('a token exchange server by zitadel/oidc', () => {
  let sandbox: TestSandbox
  let server: RealPart & { readonly url: string }
  const closing: (() => unknown)[] = []

  before(async (context) => {
    const program = await buildGoProgram('token-exchange').catch((fault: unknown) => {
      const { message } = absentPart(fault)
      if ('skip' in context) context.skip(message)
    })
    if (program === undefined) return
    const suiteContext = { after: (close: () => unknown) => closing.push(close) }
    sandbox = await startTestSandbox(suiteContext, { now: () => new Date(), namespaces: ['team-a'] })
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const { issuer } = sandbox.cluster
    server = await startPart('token-exchange', async ({ start }) => {
      const trusted = [issuer, url, subject, client.id, client.secret, sandbox.folder.caFile]
      start(join(program, 'token-exchange'), [`${port}`, ...trusted])
      await waitUntil('the token exchange server responds', 30_000, async () =>
        (await fetch(`${url}/healthz`)).ok ? true : undefined,
      )
      return { url }
    })
    closing.push(() => server.close())
  })
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })

  const refresh = async (fields: { audience?: string; secret?: string; more?: string } = {}) => {
    const { audience = server.url, secret = client.secret, more = '' } = fields
    await sandbox.write('secret', secret)
    const authentication = `clientAuthentication: {method: client_secret_basic, clientId: ${JSON.stringify(client.id)}, clientSecret: {file: secret}}`
    const text = documentOf(
      `hosts: [images.example.com], audience: "${audience}", oidc: {url: "${server.url}/oauth/token", username: puller, ${authentication}${more}}`,
    )
    return await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', text)])
  }

  test('exchanges the token of a service account, with a client secret', async () => {
    const { exitCode, stdout, stderr } = await refresh()
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /CREDENTIAL_SHORT_LIVED.* issues credentials of only (?:29\d|300) s/) // the library's example: 5 minutes
    assert.match(stdout, /images +created/)
    const [username, password = ''] = readPullSecret(sandbox, 'team-a')?.auths['images.example.com']?.split(':') ?? []
    assert.equal(username, 'puller')
    assert.ok(password.length > 20)
  })

  test('refuses another client secret, a token for another audience, and an unknown type, each with its code', async () => {
    const cases = [
      [
        { secret: 'another secret' },
        /^CLIENT_REFUSED \(exchange\): the token service responded with 401 "invalid_client/,
      ],
      [
        { audience: 'https://other.example.com' },
        /^EXCHANGE_REFUSED \(exchange\): .* 400 "invalid_request: subject_token is invalid/,
      ],
      [
        { more: ', parameters: {subject_token_type: unknown}' },
        /^EXCHANGE_REFUSED \(exchange\): .*subject_token_type is not supported/,
      ],
      [
        { more: ', parameters: {requested_token_type: unknown}' },
        /^EXCHANGE_REFUSED \(exchange\): .*requested_token_type is not supported/,
      ],
    ] as const
    for (const [fields, expected] of cases) {
      const { exitCode, stderr } = await refresh(fields)
      assert.equal(exitCode, 1)
      assert.match(stderr, expected)
    }
  })

  test('refuses the token of another service account', async () => {
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'image-system', name: 'other' },
    })
    const text = documentOf(
      `hosts: [images.example.com], audience: "${server.url}", oidc: {url: "${server.url}/oauth/token", username: puller, clientAuthentication: {method: client_secret_basic, clientId: ${JSON.stringify(client.id)}, clientSecret: {file: secret}}}`,
    ).replace('name: pullpass}', 'name: other}')
    await sandbox.write('secret', client.secret)
    const { stderr } = await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('other.yaml', text)])
    assert.match(stderr, /^CONDITION_REFUSED \(exchange\): .*"unauthorized_client: the subject may not exchange tokens/)
  })
})
