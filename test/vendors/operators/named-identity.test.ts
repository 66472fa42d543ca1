/** Which identity the variables of AWS and Azure select. A metadata server, as on a node, records its requests. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { HttpRequest } from '../../../src/http/transport.ts'
import { openTarget } from '../../../src/publish/open-target.ts'
import { fakeContext } from '../../support/fake-context.ts'

type Variables = Readonly<Record<string, string>>

const folder = mkdtempSync(join(tmpdir(), 'pullpass-named-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const token = join(folder, 'token')
const absent = join(folder, 'absent')
writeFileSync(token, 'a.token.of-the-pod')
writeFileSync(join(folder, 'credentials'), '[ops]\naws_access_key_id = AKIAOPS\naws_secret_access_key = planted\n')
writeFileSync(join(folder, 'config'), '[profile empty]\nregion = eu-west-1\n')

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1' }
/** The stores, which refuse every request. */
const store = 'https://store.example.com'
const vendors = /^(?:AWS|AZURE)_/

suite('who publishes, by the variables of', () => {
  const identities: string[] = []
  const kept = { ...process.env }
  const server = createServer((request, response) => {
    identities.push('the machine')
    if (request.url === '/latest/api/token') response.end('a-metadata-token')
    else if (request.url?.endsWith('/security-credentials/')) response.end('node-role')
    else {
      const expires = { expires_in: 3600, expires_on: '1900000000', Expiration: '2033-01-01T00:00:00Z' }
      const keys = { Code: 'Success', AccessKeyId: 'ASIANODE', SecretAccessKey: 'planted', Token: 'planted' }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ access_token: 'of-the-node', token_type: 'Bearer', ...expires, ...keys }))
    }
  })
  const machine: Record<string, string> = {}
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const url = `http://127.0.0.1:${address.port}`
    Object.assign(machine, { AWS_EC2_METADATA_SERVICE_ENDPOINT: url, AZURE_POD_IDENTITY_AUTHORITY_HOST: url })
  })
  after(() => {
    server.close()
    restoreVariables(kept)
  })
  beforeEach(() => {
    identities.length = 0
  })

  /** Vendors' libraries read this process's variables. */
  function restoreVariables(saved: Readonly<Record<string, string | undefined>>): void {
    for (const name of Object.keys(process.env)) if (vendors.test(name) || !(name in saved)) delete process.env[name]
    for (const [name, value] of Object.entries(saved)) if (value !== undefined) process.env[name] = value
  }

  async function publishAs(to: string, variables: Variables): Promise<unknown> {
    const files = { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') }
    const own = { PATH: absent, HOME: folder, ...files, ...machine, ...variables }
    const places = { AWS_ENDPOINT_URL_S3: store, AWS_REGION: 'eu-west-1', PULLPASS_AZURE_BLOB_ENDPOINT: store }
    restoreVariables({ ...own, AWS_REGION: 'eu-west-1' })
    const real = fakeContext()
    const transport = async (request: HttpRequest) => {
      if (new URL(request.url).hostname === '127.0.0.1') return await real.transport(request)
      const { authorization = '' } = request.headers
      identities.push(/Credential=(\w+)/.exec(authorization)?.[1] ?? (authorization || request.url))
      return { status: 403, headers: {}, body: '' }
    }
    const target = await openTarget(to, { ...real, transport, environment: { ...places, ...own } })
    return await target.read('jwks').catch((error: unknown) => error)
  }

  const half = (there: string, lacks: string) => `the operator's identity is incomplete: ${there} is set, and ${lacks}`
  const web = { AWS_WEB_IDENTITY_TOKEN_FILE: token }
  const role = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/publisher' }
  const [client, tenant] = [
    { AZURE_CLIENT_ID: '11111111-1111-1111-1111-111111111111' },
    { AZURE_TENANT_ID: '22222222-2222-2222-2222-222222222222' },
  ]
  const federated = { AZURE_FEDERATED_TOKEN_FILE: token }
  const proofs = 'none of AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH is'

  const refused: readonly [name: string, variables: Variables, seen: string | RegExp][] = [
    ['AWS: a token without its role', web, half('AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN is not')],
    ['AWS: a role without its token', role, half('AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE is not')],
    [
      'AWS: a key without its secret',
      { AWS_ACCESS_KEY_ID: 'AKIA' },
      half('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY is not'),
    ],
    [
      'AWS: a secret without its key',
      { AWS_SECRET_ACCESS_KEY: 'x' },
      half('AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID is not'),
    ],
    [
      'AWS: a container’s token without its address',
      { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token },
      /AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is set, and none of .* is$/,
    ],
    [
      'AWS: a profile that is absent',
      { AWS_PROFILE: 'absent' },
      /^AWS_PROFILE is "absent", and AWS's library finds no credentials of this profile/,
    ],
    [
      'AWS: a profile without credentials',
      { AWS_PROFILE: 'empty' },
      /^AWS_PROFILE is "empty", and AWS's library finds no credentials/,
    ],
    [
      'AWS: a token that does not exist',
      { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: absent },
      `AWS_WEB_IDENTITY_TOKEN_FILE names ${absent}, which does not exist`,
    ],
    ['AWS: nothing, in a pod', pod, /^no variable of this pod names an AWS identity/],
    [
      'Azure: a token and a client without their tenant',
      { ...federated, ...client },
      half('AZURE_FEDERATED_TOKEN_FILE', 'AZURE_TENANT_ID is not'),
    ],
    [
      'Azure: a token and a tenant without their client',
      { ...federated, ...tenant },
      half('AZURE_FEDERATED_TOKEN_FILE', 'AZURE_CLIENT_ID is not'),
    ],
    [
      'Azure: a secret without its client',
      { ...tenant, AZURE_CLIENT_SECRET: 'x' },
      half('AZURE_CLIENT_SECRET', 'AZURE_CLIENT_ID is not'),
    ],
    ['Azure: an application that proves nothing', { ...tenant, ...client }, half('AZURE_CLIENT_ID', proofs)],
    [
      'Azure: a token that does not exist',
      { ...tenant, ...client, AZURE_FEDERATED_TOKEN_FILE: absent },
      `AZURE_FEDERATED_TOKEN_FILE names ${absent}, which does not exist`,
    ],
    ['Azure: nothing, in a pod', pod, /^no credentials for Azure were found/],
    ['Azure: a tenant alone, in a pod', { ...pod, ...tenant }, /^no credentials for Azure were found/],
  ]
  for (const [name, variables, seen] of refused) {
    test(`${name} is refused, without a request to the metadata server or the store`, async () => {
      const fault = await publishAs(
        name.startsWith('AWS') ? 's3://example-issuer' : 'azblob://example/issuer',
        variables,
      )
      assert.ok(fault instanceof Error)
      const { code, seen: found } = Object(fault)
      assert.equal(code, 'PUBLISH_CREDENTIALS_MISSING', fault.message)
      if (typeof seen === 'string') assert.equal(found, seen)
      else assert.match(found, seen)
      assert.deepEqual(identities, [])
    })
  }

  const found: readonly [name: string, variables: Variables, identity: RegExp][] = [
    ['AWS: a key and its secret', { ...pod, AWS_ACCESS_KEY_ID: 'AKIAPOD', AWS_SECRET_ACCESS_KEY: 'x' }, /^AKIAPOD$/],
    ['AWS: a profile', { AWS_PROFILE: 'ops' }, /^AKIAOPS$/],
    [
      'AWS: a profile together with a key, without output on the terminal',
      { AWS_PROFILE: 'ops', AWS_ACCESS_KEY_ID: 'AKIAPOD', AWS_SECRET_ACCESS_KEY: 'x' },
      /^AKIAOPS$/,
    ],
    ['AWS: a role and a token', { ...pod, ...role, ...web }, /^https:\/\/sts\./],
    ['AWS: nothing, on a machine of theirs that is no pod', {}, /^the machine$/],
    [
      'Azure: a token, a client and a tenant',
      { ...pod, ...federated, ...client, ...tenant },
      /^https:\/\/login\.microsoftonline\.com\//,
    ],
    ['Azure: a client alone, which names a managed identity', client, /^the machine$/],
    ['Azure: nothing, on a machine of theirs that is no pod', {}, /^the machine$/],
  ]
  for (const [name, variables, identity] of found) {
    test(`${name} is the first identity that is requested`, async () => {
      await publishAs(name.startsWith('AWS') ? 's3://example-issuer' : 'azblob://example/issuer', variables)
      assert.match(identities[0] ?? 'none', identity)
    })
  }
})
