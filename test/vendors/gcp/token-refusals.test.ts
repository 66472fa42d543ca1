import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stsQuotaExceeded } from '../../../sandbox/gcp/sts/security-token-service.ts'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { fixOf } from '../../../src/errors/pullpass-error.ts'
import { readTokenFile } from '../../../src/identity/token-file.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { tokenRefusal } from '../../../src/vendors/gcp/refusals.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { type ExchangeOptions, refusal, registryOf } from './exchange-at-sandbox.ts'

interface Row {
  /** Brings the sandbox into the state that Google refuses; may change what is exchanged. */
  readonly arrange: (sandbox: TestSandbox) => Promise<ExchangeOptions | undefined>
  readonly code: string
  readonly seen: string
  readonly expected: (sandbox: TestSandbox) => string
  readonly hint: RegExp
}

const responded = (words: string, status = 400) => `Google's token service responded with ${status} "${words}"`
const longName =
  'a-service-account-with-a-name-so-long-that-no-pool-takes-its-subject-as-it-is-not-even-with-a-shorter-namespace'

const table: Record<string, Row> = {
  'a token for another audience': {
    async arrange({ writeToken }) {
      await writeToken({ audiences: ['https://example.com'] })
    },
    code: 'AUDIENCE_REFUSED',
    seen: responded(
      'invalid_grant: The audience in ID Token [https://example.com] does not match the expected audience.',
    ),
    expected: ({ gcp: { provider } }) =>
      `an audience that the provider accepts: the token has "https://example.com", the registry "//iam.googleapis.com/${provider}", "https://iam.googleapis.com/${provider}"`,
    hint: /^if the provider has allowed audiences, set one of them as the registry's audience$/,
  },
  'an expired token': {
    async arrange({ writeToken, clock, folder }) {
      await writeToken({ lifeSeconds: 600 })
      const subjectToken = await readTokenFile(folder.tokenFile)
      clock.advance('20 min')
      return { subjectToken }
    },
    code: 'TOKEN_STALE',
    seen: responded('invalid_grant: ID Token issued at 1795521600 is stale to sign-in.'),
    expected: () => "a token that is valid by Google's clock; this one expires at 2026-11-24T12:10:00Z",
    hint: /and that the token file is renewed/,
  },
  'another issuer': {
    async arrange({ gcp, gcp: { provider } }) {
      gcp.identity.putProvider({ name: provider, issuerUri: 'https://issuer.example.com' })
    },
    code: 'ISSUER_REFUSED',
    seen: responded(
      'invalid_grant: The issuer in ID Token ISSUER does not match the expected one in config: https://issuer.example.com',
    ),
    expected: ({ cluster }) => `the provider's issuer URI to be exactly "${cluster.issuer}"`,
    hint: /^set the provider's issuer to that, or the cluster's --service-account-issuer to the provider's$/,
  },
  'a signature by another key of the same id': {
    async arrange({ cluster, gcp, gcp: { provider } }) {
      const { publicKey } = await sharedSigningKey('another')
      const jwk = { ...publicKey.export({ format: 'jwk' }), kid: cluster.keys.current.kid, alg: 'RS256', use: 'sig' }
      gcp.identity.putProvider({
        name: provider,
        issuerUri: cluster.issuer,
        jwksJson: JSON.stringify({ keys: [jwk] }),
      })
    },
    code: 'SIGNATURE_INVALID',
    seen: responded('invalid_grant: Unable to verify the ID Token signature.'),
    expected: ({ cluster }) => `the published key "${cluster.keys.current.kid}" to be the signing key of the cluster`,
    hint: /kubectl get --raw \/openid\/v1\/jwks/,
  },
  'a key that is not published': {
    async arrange({ cluster, writeToken }) {
      cluster.keys.signWith(await sharedSigningKey('another'))
      await writeToken()
    },
    code: 'ISSUER_UNREACHABLE',
    seen: responded("invalid_grant: Error connecting to the given credential's issuer."),
    expected: ({ cluster }) =>
      `${cluster.issuer}/.well-known/openid-configuration and its JWKS, with key "${cluster.keys.current.kid}", publicly readable`,
    hint: /after a key rotation, publish it again; a revoked key is never published again/,
  },
  'an issuer whose documents do not exist': {
    async arrange({ gcp }) {
      gcp.store.remove('example-cluster', '.well-known/openid-configuration')
    },
    code: 'ISSUER_UNREACHABLE',
    seen: responded("invalid_grant: Error connecting to the given credential's issuer."),
    expected: ({ cluster }) =>
      `${cluster.issuer}/.well-known/openid-configuration and its JWKS, with key "${cluster.keys.current.kid}", publicly readable`,
    hint: /^publish the cluster's metadata at its issuer's URL/,
  },
  'a false attribute condition': {
    async arrange({ cluster, gcp, gcp: { provider } }) {
      const attributeCondition = "assertion.sub == 'other'"
      gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, attributeCondition })
    },
    code: 'CONDITION_REFUSED',
    seen: responded('unauthorized_client: The given credential is rejected by the attribute condition.'),
    expected: () => "the provider's attribute condition to accept subject system:serviceaccount:image-system:pullpass",
    hint: /^pullpass trust apply -f FILE adds the subject to a condition that lists subjects; check attributeCondition: gcloud iam workload-identity-pools providers describe /,
  },
  'a token that is none': {
    async arrange({ folder }) {
      return { subjectToken: { ...(await readTokenFile(folder.tokenFile)), value: new Redacted('no.jwt') } }
    },
    code: 'EXCHANGE_REFUSED',
    seen: responded('invalid_grant: Unable to parse the ID Token.'),
    expected: () => 'a JWT signed with RS256 or ES256; the algorithm of this one is "RS256"',
    hint: /pullpass inspect "\$\{TOKEN_FILE:\?\}"/,
  },
  'a provider that does not exist': {
    async arrange({ gcp: { provider } }) {
      return { gcp: [`workloadIdentityProvider: ${provider}-2`] }
    },
    code: 'PROVIDER_NOT_FOUND',
    seen: responded(
      'invalid_target: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    ),
    expected: ({ gcp: { provider } }) => `the pool and provider of ${provider}-2 to exist and to be enabled`,
    hint: /: gcloud iam workload-identity-pools providers list --workload-identity-pool=projects\/123456789012\/locations\/global\/workloadIdentityPools\/pool$/,
  },
  'a disabled provider': {
    async arrange({ cluster, gcp, gcp: { provider } }) {
      gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, state: 'DISABLED' })
    },
    code: 'PROVIDER_NOT_FOUND',
    seen: responded(
      'invalid_target: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    ),
    expected: ({ gcp: { provider } }) => `the pool and provider of ${provider} to exist and to be enabled`,
    hint: /gcloud iam workload-identity-pools providers list/,
  },
  'a deleted pool': {
    async arrange({ gcp, gcp: { provider } }) {
      gcp.identity.putPool(provider.replace(/\/providers.*/, ''), 'DELETED')
    },
    code: 'PROVIDER_NOT_FOUND',
    seen: responded(
      'invalid_target: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    ),
    expected: ({ gcp: { provider } }) => `the pool and provider of ${provider} to exist and to be enabled`,
    hint: /gcloud iam workload-identity-pools providers list/,
  },
  'a subject over 127 bytes': {
    async arrange({ cluster, write, gcp: { provider } }) {
      cluster.seed({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { namespace: 'image-system', name: longName },
      })
      const audiences = [`//iam.googleapis.com/${provider}`]
      const request = { namespace: 'image-system', name: longName, audiences, lifeSeconds: 3600 }
      const file = await write('long', await cluster.signServiceAccountToken(request))
      return { subjectToken: await readTokenFile(file) }
    },
    code: 'SUBJECT_TOO_LONG',
    seen: responded(
      'invalid_request: The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.',
    ),
    expected: () => `at most 127 bytes; system:serviceaccount:image-system:${longName} has 146`,
    hint: /^use a service account and namespace with shorter names, or map google\.subject/,
  },
  'a used-up quota': {
    async arrange({ gcp }) {
      gcp.parts.sts.faults.inject({ kind: 'response', response: stsQuotaExceeded })
    },
    code: 'QUOTA_EXCEEDED',
    seen: responded(
      'quota_exceeded: The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds.',
      429,
    ),
    expected: () => "the project's token exchanges to stay within Google's quota",
    hint: /^no action if this is temporary; otherwise raise the quota$/,
  },
}

suite('the token service refuses', () => {
  for (const [name, { arrange, code, seen, expected, hint }] of Object.entries(table)) {
    test(name, async (t) => {
      const sandbox = await startTestSandbox(t)
      const options = await arrange(sandbox)
      const fault = await refusal(sandbox, { ...options })
      assert.deepEqual([fault.code, fault.hop], [code, 'exchange'])
      assert.equal(fault.seen, seen.replace('ISSUER', sandbox.cluster.issuer))
      assert.equal(fault.expected, expected(sandbox))
      assert.match(fixOf(fault) ?? '', hint)
      assert.equal(sandbox.gcp.parts.sts.seen.length, fault.retryable ? 4 : 1)
    })
  }
})

suite('refusals of Google that the sandbox does not produce', () => {
  const provider = 'projects/1/locations/global/workloadIdentityPools/pool/providers/name'
  async function refusalOf(status: number, body: unknown) {
    const { settings, name, hosts } = await registryOf({ gcp: [`workloadIdentityProvider: ${provider}`] })
    const subjectToken = {
      value: new Redacted('t'),
      issuer: 'https://issuer.example.com',
      subject: 'system:serviceaccount:a:b',
      audiences: ['sts'],
      issuedAt: undefined,
      expiresAt: new Date('2026-11-24T13:00:00Z'),
      keyId: undefined,
      algorithm: undefined,
      accountUid: undefined,
      pod: undefined,
      node: undefined,
    }
    return tokenRefusal(status, body, { registry: { settings, name, hosts }, subjectToken, audiences: ['sts'] })
  }

  test('no scope', async () => {
    assert.deepEqual(
      await refusalOf(400, { error: 'invalid_request', error_description: 'Scope(s) must be provided.' }),
      {
        code: 'EXCHANGE_REFUSED',
        message: 'invalid_request: Scope(s) must be provided.',
        expected: 'at least one scope',
        hint: "set one in the registry's gcp.scopes, or omit scopes: the default is read access",
      },
    )
  })

  test('an audience that is not a provider', async () => {
    const sentence =
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.'
    const refused = await refusalOf(400, { error: 'invalid_request', error_description: sentence })
    assert.deepEqual(
      [refused?.code, refused?.message, refused?.expected],
      [
        'PROVIDER_NOT_FOUND',
        `invalid_request: ${sentence}`,
        `the pool and provider of ${provider} to exist and to be enabled`,
      ],
    )
  })

  test('an unknown message is quoted, with the place to check', async () => {
    const unknown = await refusalOf(400, { error: 'invalid_grant', error_description: 'Something new.' })
    const { details: _, ...shown } = unknown ?? {}
    assert.deepEqual(shown, {
      code: 'EXCHANGE_REFUSED',
      message: 'invalid_grant: Something new.',
      hint: 'compare the token, which pullpass inspect "${TOKEN_FILE:?}" shows, with the provider',
      command:
        'gcloud iam workload-identity-pools providers describe projects/1/locations/global/workloadIdentityPools/pool/providers/name',
    })
    assert.equal((await refusalOf(400, { error: 'access_denied' }))?.message, 'access_denied')
  })

  test('an error of the server in JSON is retryable', async () => {
    assert.deepEqual(await refusalOf(500, { error: 'internal_failure', error_description: 'Internal error.' }), {
      code: 'EXCHANGE_UNAVAILABLE',
      message: 'internal_failure: Internal error.',
      retryable: true,
    })
  })

  test('JSON without a word for the error has no meaning of its own', async () => {
    for (const body of [null, [], 'x', 7, true, {}, { error: null }, { error: {} }]) {
      assert.equal(await refusalOf(400, body), undefined)
    }
  })
})
