import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { digestOf } from '../../sandbox/registry/pack-image.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/start-sandbox.ts'

async function start(t: TestContext, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options)
  t.after(sandbox.close)
  return sandbox
}

interface RequestOptions {
  readonly method?: string
  readonly authorization?: string
  readonly body?: string
}

/** Sends one request that trusts only the CA of the sandbox, as a client with its CA file. */
async function send(
  { authority: { ca } }: Sandbox,
  url: string,
  { method = 'GET', authorization, body }: RequestOptions = {},
) {
  const type = body?.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded'
  const headers = { 'content-type': type, ...(authorization && { authorization }) }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  https.request(url, { method, headers, ca, agent: false }, resolve).on('error', reject).end(body)
  const response = await promise
  return { status: response.statusCode, headers: response.headers, text: await text(response) }
}

const parse = (response: { text: string }) => JSON.parse(response.text)

const basic = (password: string) => `Basic ${Buffer.from(`oauth2accesstoken:${password}`).toString('base64')}`

/** Exchanges the token with the variables of the environment only, as a common script does. */
async function exchange(sandbox: Sandbox) {
  const { environment } = sandbox
  const response = await send(sandbox, `${environment['PULLPASS_GCP_STS_ENDPOINT']}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: `//iam.googleapis.com/projects/${environment['PROJECT_NUMBER']}/locations/global/workloadIdentityPools/${environment['POOL_ID']}/providers/${environment['PROVIDER_ID']}`,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token: readFileSync(environment['PULLPASS_TOKEN_FILE'] ?? '', 'utf8'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    }).toString(),
  })
  return { status: response.status, body: parse(response) }
}

async function impersonate(sandbox: Sandbox, federatedToken: string): Promise<string> {
  const { PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: endpoint, SERVICE_ACCOUNT_EMAIL: email } = sandbox.environment
  const response = await send(sandbox, `${endpoint}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, {
    method: 'POST',
    authorization: `Bearer ${federatedToken}`,
    body: JSON.stringify({ scope: ['https://www.googleapis.com/auth/cloud-platform.read-only'] }),
  })
  return parse(response).accessToken
}

/** The status of the token response, and the manifest if a token was issued. */
async function pull(sandbox: Sandbox, password: string) {
  const url = `https://${sandbox.environment['REGISTRY_HOSTS']}/v2`
  const scope = 'repository:example-project/images/hello:pull'
  const realm = await send(sandbox, `${url}/token?scope=${scope}`, { authorization: basic(password) })
  if (realm.status !== 200) return { status: realm.status }
  const authorization = `Bearer ${parse(realm).token}`
  const read = (path: string) => send(sandbox, `${url}/example-project/images/hello/${path}`, { authorization })
  const manifest = await read('manifests/1')
  return { status: manifest.status, manifest: parse(manifest), read }
}

suite('sandbox', () => {
  test('the projected token is exchanged and an image config pulled, on real sockets', async (t) => {
    const sandbox = await start(t)
    assert.equal((await pull(sandbox, 'nothing')).status, 401)

    const { body } = await exchange(sandbox)
    const { manifest, read } = await pull(sandbox, await impersonate(sandbox, body.access_token))
    const config = await read?.(`blobs/${manifest.config.digest}`)

    assert.equal(digestOf(Buffer.from(config?.text ?? '')), manifest.config.digest)
    assert.deepEqual(
      sandbox.gcp.parts.storage.seen.map(({ path }) => path),
      ['/example-cluster/.well-known/openid-configuration', '/example-cluster/openid/v1/jwks'],
    )
  })

  test('a federated token pulls only if the principal itself may read', async (t) => {
    const sandbox = await start(t)
    const { body } = await exchange(sandbox)

    assert.equal((await pull(sandbox, body.access_token)).status, 403)
    sandbox.gcp.repositories.allowReading('example-project/images', sandbox.gcp.principal)
    assert.equal((await pull(sandbox, body.access_token)).status, 200)
  })

  test('after an hour the credential no longer pulls and the token is stale, until the kubelet writes a new one', async (t) => {
    const sandbox = await start(t)
    const password = await impersonate(sandbox, (await exchange(sandbox)).body.access_token)
    sandbox.clock.advance('61 min')

    assert.equal((await pull(sandbox, password)).status, 401)
    assert.match((await exchange(sandbox)).body.error_description, /is stale to sign-in/)
    await sandbox.writeToken()
    assert.equal((await exchange(sandbox)).status, 200)
  })

  test('a token of a key that is not yet published is refused until the documents are published again', async (t) => {
    const sandbox = await start(t)
    sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
    await sandbox.writeToken()

    assert.match((await exchange(sandbox)).body.error_description, /Error connecting/)
    await sandbox.publishIssuer()
    assert.equal((await exchange(sandbox)).status, 200)
  })

  test('the public issuer metadata is that of the cluster', async (t) => {
    const sandbox = await start(t)
    const discovery = await send(sandbox, `${sandbox.cluster.issuer}/.well-known/openid-configuration`)
    const { issuer, jwks_uri } = parse(discovery)
    const jwks = await send(sandbox, jwks_uri)

    assert.equal(discovery.headers['content-type'], 'application/json')
    assert.equal(issuer, sandbox.cluster.issuer)
    assert.equal(jwks.headers['content-type'], 'application/jwk-set+json')
    assert.deepEqual(parse(jwks), sandbox.cluster.keys.jwks)
    assert.equal((await send(sandbox, `${sandbox.cluster.issuer}/other`)).status, 404)
  })

  test('the kubeconfig is of a cluster with the namespaces of the drop-in variables', async (t) => {
    const sandbox = await start(t)
    const token = /token: (.+)/.exec(readFileSync(sandbox.environment['KUBECONFIG'] ?? '', 'utf8'))?.[1]
    const response = await send(sandbox, `${sandbox.parts.kubernetes.url}/api/v1/namespaces`, {
      authorization: `Bearer ${token}`,
    })
    const names = parse(response).items.map((item: { metadata: { name: string } }) => item.metadata.name)

    assert.deepEqual(names, ['default', 'image-system', 'kube-system', 'team-a', 'team-b'])
    assert.equal(sandbox.environment['REGISTRY_SECRET_NAMESPACES'], 'default,team-a,team-b')
  })

  test('its files are readable only by its user, and removed at the end', async (t) => {
    const { folder, environment, close } = await start(t)
    const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

    assert.equal(modeOf(folder.path), '700')
    assert.equal(modeOf(folder.kubeconfigFile), '600')
    assert.equal(modeOf(folder.tokenFile), '600')
    assert.equal(modeOf(environment['GOOGLE_APPLICATION_CREDENTIALS'] ?? ''), '600')
    await close()
    assert.equal(existsSync(folder.path), false)
  })

  test('its operator can configure trust, so that the exchange and the pull succeed', async (t) => {
    const sandbox = await start(t, { trust: 'absent' })
    const {
      environment,
      gcp: { repository, principal, provider },
    } = sandbox
    assert.equal((await exchange(sandbox)).body.error, 'invalid_target')
    const authorization = `Bearer ${sandbox.gcp.operator.accessToken()}`
    const call = async (url: string, body: object) => {
      let response = await send(sandbox, url, { method: 'POST', authorization, body: JSON.stringify(body) })
      const operation = `${environment['PULLPASS_GCP_IAM_ENDPOINT']}/v1/${parse(response).name}`
      while (/operations/.test(operation) && !parse(response).done)
        response = await send(sandbox, operation, { authorization })
      assert.equal(response.status, 200, response.text)
    }
    const iam = `${environment['PULLPASS_GCP_IAM_ENDPOINT']}/v1/projects/${environment['GOOGLE_CLOUD_PROJECT']}`
    const pools = `${iam}/locations/global/workloadIdentityPools`
    await call(`${pools}?workloadIdentityPoolId=pool`, {})
    await call(`${pools}/pool/providers?workloadIdentityPoolProviderId=${provider.split('/').at(-1)}`, {
      attributeMapping: { 'google.subject': 'assertion.sub' },
      oidc: { issuerUri: sandbox.cluster.issuer },
    })
    await call(`${iam}/serviceAccounts`, { accountId: 'puller' })
    const email = environment['SERVICE_ACCOUNT_EMAIL']
    const grant = (role: string, member: string) => ({ policy: { bindings: [{ role, members: [member] }] } })
    await call(`${iam}/serviceAccounts/${email}:setIamPolicy`, grant('roles/iam.workloadIdentityUser', principal))
    const password = await impersonate(sandbox, (await exchange(sandbox)).body.access_token)
    assert.equal((await pull(sandbox, password)).status, 403)
    await call(
      `${environment['PULLPASS_GCP_ARTIFACT_REGISTRY_ENDPOINT']}/v1/${repository}:setIamPolicy`,
      grant('roles/artifactregistry.reader', `serviceAccount:${email}`),
    )

    assert.equal((await pull(sandbox, password)).status, 200)
  })

  test('Google reads the issuer metadata that its operator uploads', async (t) => {
    const sandbox = await start(t, { issuerDocuments: 'absent' })
    assert.match((await exchange(sandbox)).body.error_description, /Error connecting/)
    const { issuer, keys } = sandbox.cluster
    const documents = {
      'openid/v1/jwks': keys.jwks,
      '.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/openid/v1/jwks` },
    }
    for (const [name, document] of Object.entries(documents)) {
      const query = new URLSearchParams({ uploadType: 'media', name, ifGenerationMatch: '0' })
      const url = `${sandbox.environment['PULLPASS_GCP_STORAGE_ENDPOINT']}/upload/storage/v1/b/example-cluster/o?${query.toString()}`
      const authorization = `Bearer ${sandbox.gcp.operator.accessToken()}`
      assert.equal(
        (await send(sandbox, url, { method: 'POST', authorization, body: JSON.stringify(document) })).status,
        200,
      )
    }

    assert.equal((await exchange(sandbox)).status, 200)
  })

  test('two sandboxes do not trust each other', async (t) => {
    const one = await start(t)
    const other = await start(t, { authority: await createCertificateAuthority() })
    const { body } = await exchange(one)

    assert.equal((await pull(other, body.access_token)).status, 401)
    await assert.rejects(send(one, other.gcp.parts.sts.url), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('the clock is the given one, in every Date header', async (t) => {
    const sandbox = await start(t, { now: () => new Date('2026-11-24T12:00:00Z') })
    sandbox.clock.advance('1 h')

    for (const part of Object.values({ ...sandbox.parts, ...sandbox.gcp.parts }))
      assert.equal((await send(sandbox, part.url)).headers.date, 'Tue, 24 Nov 2026 13:00:00 GMT')
  })
})
