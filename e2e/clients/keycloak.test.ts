/**
 * The vendor `oidc` with Keycloak: a client that authenticates with a token of the cluster instead of a secret, and token exchange.
 * https://www.keycloak.org/securing-apps/token-exchange
 */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { readPullSecret } from '../../test/support/read-pull-secret.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { startTestSandbox } from '../../test/support/start-test-sandbox.ts'
import { documentOf } from '../../test/vendors/exchange-registry.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'
import { startKeycloak } from '../parts/start-keycloak.ts'

const subject = 'system:serviceaccount:image-system:pullpass'
const secret = 'a secret+/=%:&1'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const keyId = 'client-key'

const confidential = { protocol: 'openid-connect', publicClient: false, serviceAccountsEnabled: true }
const exchanging = { 'standard.token.exchange.enabled': 'true' }
/** Tokens of the client have this audience. */
const audience = (name: string) => ({
  name: `audience ${name}`,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': name, 'access.token.claim': 'true' },
})
const clients = [
  { ...confidential, clientId: 'registry', secret: 'unused' },
  {
    ...confidential,
    clientId: 'source',
    secret: 'source secret',
    protocolMappers: [audience('exchanger'), audience('key-exchanger')],
  },
  {
    ...confidential,
    clientId: 'exchanger',
    secret,
    attributes: exchanging,
    protocolMappers: [audience('registry')],
  },
  {
    ...confidential,
    clientId: 'key-exchanger',
    clientAuthenticatorType: 'client-jwt',
    attributes: {
      ...exchanging,
      'use.jwks.string': 'true',
      'jwks.string': JSON.stringify({
        keys: [{ ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'RS256' }],
      }),
    },
    protocolMappers: [audience('registry')],
  },
  {
    ...confidential,
    clientId: 'pullpass',
    clientAuthenticatorType: 'federated-jwt',
    attributes: { 'jwt.credential.issuer': 'cluster', 'jwt.credential.sub': subject },
    protocolMappers: [audience('registry')],
  },
]

const start = () =>
  startPart('keycloak-setup', async ({ use, defer }) => {
    const sandbox = await startTestSandbox(
      { after: (close: () => unknown) => defer(async () => void (await close())) },
      { now: () => new Date(), namespaces: ['team-a'] },
    )
    setDefaultCACertificates([sandbox.authority.ca])
    const { issuer } = sandbox.cluster
    const keycloak = await use(
      startKeycloak({
        authority: sandbox.authority,
        clients,
        identityProviders: [{ alias: 'cluster', providerId: 'kubernetes', enabled: true, config: { issuer } }],
      }),
    )
    await sandbox.write('secret', secret)
    await sandbox.write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return { sandbox, keycloak }
  })

await withRealPart('Keycloak', start, ({ sandbox, keycloak }) => {
  const refresh = async (registry: string) => {
    const text = documentOf(`hosts: [images.example.com], ${registry}`)
    return await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', text)])
  }
  const password = () => readPullSecret(sandbox, 'team-a')?.auths['images.example.com']?.replace('puller:', '') ?? ''
  const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

  suite('a client that authenticates with tokens of the cluster', () => {
    const withoutSecret = `oidc: {url: "${keycloak.tokenEndpoint}", grant: client_credentials, username: puller, clientAuthentication: {method: subject_token, clientId: pullpass}}`

    test('gets its own token for the registry', async () => {
      const { exitCode, stderr } = await refresh(`audience: "${keycloak.issuer}", ${withoutSecret}`)
      assert.deepEqual([exitCode, stderr], [0, ''])
      const { iss, azp, aud } = claimsOf(password())
      assert.deepEqual({ iss, azp, aud }, { iss: keycloak.issuer, azp: 'pullpass', aud: ['registry', 'account'] })
    })

    test('is refused with a token for another audience, of which the error has issuer, subject and audience', async () => {
      const { exitCode, stderr } = await refresh(`audience: https://other.example.com, ${withoutSecret}`)
      assert.equal(exitCode, 1)
      assert.match(
        stderr,
        /^CLIENT_REFUSED \(exchange\): .* responded with 400 "invalid_client: Invalid token audience"$/m,
      )
      assert.match(
        stderr,
        /subject "system:serviceaccount:image-system:pullpass" and audience "https:\/\/other\.example\.com"$/m,
      )
    })
  })

  suite('token exchange', () => {
    const subjectToken = async () => {
      const form = { grant_type: 'client_credentials', client_id: 'source', client_secret: 'source secret' }
      const response = await fetch(keycloak.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) })
      const { access_token: token }: { readonly access_token: string } = JSON.parse(await response.text())
      await sandbox.write('source-token', token)
    }
    const exchangeOf = (client: string) =>
      `audience: exchanger, tokenFile: source-token, oidc: {url: "${keycloak.tokenEndpoint}", parameters: {audience: registry, subject_token_type: "urn:ietf:params:oauth:token-type:access_token"}, username: puller, clientAuthentication: {${client}}}`

    for (const [method, client] of [
      ['client_secret_basic', 'clientId: exchanger, clientSecret: {file: secret}'],
      ['client_secret_post', 'clientId: exchanger, clientSecret: {file: secret}'],
      ['private_key_jwt', `clientId: key-exchanger, privateKey: {file: key.pem}, keyId: ${keyId}, audience: "ISSUER"`],
    ] as const) {
      test(`with ${method} gets a token for the registry`, async () => {
        await subjectToken()
        const fields = `method: ${method}, ${client.replace('ISSUER', keycloak.issuer)}`
        const { exitCode, stderr } = await refresh(exchangeOf(fields))
        assert.deepEqual([exitCode, stderr], [0, ''])
        assert.equal(claimsOf(password()).aud, 'registry')
      })
    }

    test('of a token of the cluster is refused: Keycloak exchanges its own tokens only', async () => {
      const { exitCode, stderr } = await refresh(
        `audience: "${keycloak.issuer}", oidc: {url: "${keycloak.tokenEndpoint}", parameters: {audience: registry}, username: puller, clientAuthentication: {method: client_secret_basic, clientId: exchanger, clientSecret: {file: secret}}}`,
      )
      assert.equal(exitCode, 1)
      assert.match(stderr, /^EXCHANGE_REFUSED \(exchange\): .* 'subject_token' supports access tokens only"$/m)
    })
  })
})
