import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { type AwsTest, type ExchangeRequest, startAwsTest } from './exchange-at-sandbox.ts'

interface Row {
  /** Brings the sandbox into the state that AWS refuses; may change what is exchanged. */
  readonly arrange: (aws: AwsTest) => Promise<ExchangeRequest | undefined>
  readonly code: string
  readonly hop?: string
  readonly seen: RegExp
  readonly expected: RegExp
  readonly hint: RegExp
  readonly command?: string
  readonly retryable?: true
}

const inject = (cloud: AwsTest['cloud'], code: string, message: string, status = 400) =>
  cloud.parts.sts.faults.inject(
    { kind: 'response', response: { status, body: { Error: { Type: 'Sender', Code: code, Message: message } } } },
    { times: 1 },
  )

const injectEcr = (cloud: AwsTest['cloud'], type: string, message: string, status = 400) =>
  cloud.parts.ecr.faults.inject(
    { kind: 'response', response: { status, body: { __type: type, message } } },
    { times: 1 },
  )

const table: Readonly<Record<string, Row>> = {
  'no provider for the issuer': {
    arrange: async ({ cloud }) => {
      cloud.account.providers.clear()
    },
    code: 'PROVIDER_NOT_FOUND',
    seen: /^AWS's token service responded with 400 "InvalidIdentityToken: No OpenIDConnect provider found in your account for ISSUER"$/,
    expected:
      /^the OIDC provider arn:aws:iam::123456789012:oidc-provider\/127\.0\.0\.1:\d+\/example-cluster, for exactly the issuer "ISSUER"$/,
    hint: /^pullpass trust apply -f FILE creates it/,
    command: 'aws iam list-open-id-connect-providers',
  },
  'another audience': {
    arrange: async ({ token }) => ({ subjectToken: await token({ audiences: ['ecr'] }) }),
    code: 'AUDIENCE_REFUSED',
    seen: /"InvalidIdentityToken: Incorrect token audience"$/,
    expected: /^the audience of the token, "ecr", among the client ids of arn:aws:iam::123456789012:oidc-provider\//,
    hint: /^pullpass trust apply -f FILE adds it/,
  },
  'an expired token': {
    async arrange({ token, sandbox }) {
      const subjectToken = await token({ lifeSeconds: 600 })
      sandbox.clock.advance('20 min')
      return { subjectToken }
    },
    code: 'TOKEN_STALE',
    seen: /"ExpiredTokenException: Token expired: current date\/time \d+ must be before the expiration date\/time \d+"$/,
    expected: /^a token that is valid by AWS's clock; this one expires at 2026-11-24T12:10:00Z$/,
    hint: /clocks are right, and that the token file is renewed/,
  },
  'a key that is not published': {
    async arrange({ sandbox }) {
      sandbox.cluster.keys.signWith(await sharedSigningKey('another'))
    },
    code: 'ISSUER_UNREACHABLE',
    seen: /"InvalidIdentityToken: Couldn't retrieve verification key from your identity provider/,
    expected:
      /^ISSUER\/\.well-known\/openid-configuration and its JWKS, with key "[^"]+", readable without credentials$/,
    hint: /^publish the cluster's metadata at its issuer's URL/,
    retryable: true,
  },
  'a certificate of an unknown authority': {
    arrange: async ({ cloud }) => {
      cloud.adjust({ issuerAuthority: 'private' })
    },
    code: 'CERTIFICATE_UNTRUSTED',
    seen: /"InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"$/,
    expected: /^a certificate at ISSUER of a public authority, or of one whose thumbprint the provider has$/,
    hint: /aws\.trust\.thumbprints/,
  },
  'a role that does not exist': {
    arrange: async ({ cloud }) => {
      cloud.account.roles.clear()
    },
    code: 'CONDITION_REFUSED',
    seen: /responded with 403 "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"$/,
    expected:
      /^role arn:aws:iam::123456789012:role\/puller to exist, and its trust policy to allow subject system:serviceaccount:image-system:pullpass with audience sts\.amazonaws\.com$/,
    hint: /takes up to a minute to take effect/,
    command: 'aws iam get-role --role-name puller --query Role.AssumeRolePolicyDocument',
  },
  'an error of the identity provider’s network': {
    arrange: async ({ cloud }) => {
      for (let attempt = 0; attempt < 4; attempt++)
        inject(cloud, 'IDPCommunicationError', 'Unable to reach the provider')
    },
    code: 'ISSUER_UNREACHABLE',
    seen: /"IDPCommunicationError: Unable to reach the provider"$/,
    expected: /readable without credentials$/,
    hint: /^no action if this is temporary/,
    retryable: true,
  },
  'a token that is not readable': {
    arrange: async ({ token }) => {
      const subjectToken = await token()
      return { subjectToken: { ...subjectToken, value: new Redacted('not-a-token-that-can-be-read') } }
    },
    code: 'EXCHANGE_REFUSED',
    seen: /"InvalidIdentityToken: The ID Token provided is not a valid JWT\. \(You may see this error if you sent an Access Token\)"$/,
    expected: /^a token that AWS can read: a JWT with one audience/,
    hint: /^check the token$/,
    command: 'pullpass inspect FILE',
  },
  'a signature by another key of the same id': {
    arrange: async ({ cloud }) => {
      inject(cloud, 'InvalidIdentityToken', 'Token signature verification failed')
    },
    code: 'SIGNATURE_INVALID',
    seen: /Token signature verification failed"$/,
    expected: /^the published key "[^"]+" to be the one that the cluster signs with$/,
    hint: /publish the cluster's current JWKS/,
  },
  'a session that is longer than the role permits': {
    arrange: async () => ({ aws: 'sessionDuration: 2h' }),
    code: 'EXCHANGE_REFUSED',
    seen: /"ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role\."$/,
    expected: /^a duration that the role permits; 7200 s was requested$/,
    hint: /^shorten aws\.sessionDuration/,
  },
  'a session policy that AWS does not accept': {
    arrange: async () => ({ aws: `sessionPolicy: '{"Version":"1"}'` }),
    code: 'EXCHANGE_REFUSED',
    seen: /"MalformedPolicyDocument: Syntax errors in policy\."$/,
    expected: /^a session policy that AWS accepts$/,
    hint: /aws\.sessionPolicy/,
  },
  'a region that is not activated': {
    arrange: async ({ cloud }) => {
      inject(cloud, 'RegionDisabledException', 'STS is not activated in this region', 403)
    },
    code: 'API_DISABLED',
    seen: /"RegionDisabledException: STS is not activated in this region"$/,
    expected: /^the token service to be active in region eu-west-1 for this account$/,
    hint: /aws\.stsRegion/,
  },
  'too many requests': {
    arrange: async ({ cloud }) => {
      for (let attempt = 0; attempt < 4; attempt++) inject(cloud, 'Throttling', 'Rate exceeded')
    },
    code: 'QUOTA_EXCEEDED',
    seen: /"Throttling: Rate exceeded"$/,
    expected: /rate limits$/,
    hint: /^no action if this is temporary/,
    retryable: true,
  },
  'an unknown error': {
    arrange: async ({ cloud }) => {
      inject(cloud, 'SomethingNew', 'Something that AWS added')
    },
    code: 'EXCHANGE_REFUSED',
    seen: /"SomethingNew: Something that AWS added"$/,
    expected: /^$/,
    hint: /^check that the endpoint is AWS's/,
  },
  'a role without permission for tokens of ECR': {
    async arrange({ cloud }) {
      const trust = cloud.account.roles.get('puller')?.trustPolicy
      if (trust !== undefined) cloud.putRole('puller', { trust })
    },
    code: 'IMPERSONATION_DENIED',
    hop: 'exchange/authorization',
    seen: /^ECR responded with 400 "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role\/puller\/pullpass\.image-system\.pullpass is not authorized to perform: ecr:GetAuthorizationToken on resource: \* because no identity-based policy allows/,
    expected: /^a policy of arn:aws:iam::123456789012:role\/puller to allow ecr:GetAuthorizationToken on \*/,
    hint: /^pullpass trust apply -f FILE adds the policy/,
    command: 'aws iam list-role-policies --role-name puller',
  },
  'a session that ECR does not know': {
    arrange: async ({ cloud }) => {
      injectEcr(cloud, 'UnrecognizedClientException', 'The security token included in the request is invalid.')
    },
    code: 'EXCHANGE_REFUSED',
    hop: 'exchange/authorization',
    seen: /"UnrecognizedClientException: The security token included in the request is invalid\."$/,
    expected: /^AWS to accept the session that its token service has just issued$/,
    hint: /one partition and region/,
  },
  'a clock that is wrong': {
    arrange: async ({ cloud }) => {
      injectEcr(
        cloud,
        'InvalidSignatureException',
        'Signature expired: 20261124T110000Z is now earlier than 20261124T114500Z (20261124T120000Z - 15 min.)',
      )
    },
    code: 'EXCHANGE_REFUSED',
    hop: 'exchange/authorization',
    seen: /"InvalidSignatureException: Signature expired: /,
    expected: /^a signature whose time is within 15 minutes of AWS's clock$/,
    hint: /^correct this machine's clock$/,
  },
  'too many tokens of ECR': {
    arrange: async ({ cloud }) => {
      for (let attempt = 0; attempt < 4; attempt++)
        injectEcr(cloud, 'com.amazonaws.ecr#ThrottlingException', 'Rate exceeded', 429)
    },
    code: 'QUOTA_EXCEEDED',
    hop: 'exchange/authorization',
    seen: /^ECR responded with 429 "ThrottlingException: Rate exceeded"$/,
    expected: /rate limits$/,
    hint: /^no action if this is temporary/,
    retryable: true,
  },
}

test('a refusal of AWS', async (t) => {
  const aws = await startAwsTest(t)
  const { sandbox, cloud, refusal } = aws
  const keys = sandbox.cluster.keys.current
  for (const [name, row] of Object.entries(table)) {
    await t.test(`for ${name} names the cause and the fix`, async () => {
      await cloud.trust(sandbox.cluster.issuer)
      cloud.adjust({ issuerAuthority: 'public' })
      const fault = await refusal((await row.arrange(aws)) ?? {})
      sandbox.cluster.keys.signWith(keys)
      const text = (one: string | undefined) => (one ?? '').replaceAll(sandbox.cluster.issuer, 'ISSUER')
      assert.deepEqual([fault.code, fault.hop], [row.code, row.hop ?? 'exchange'])
      assert.match(text(fault.seen), row.seen)
      assert.match(text(fault.expected), row.expected)
      assert.match(text(fault.hint), row.hint)
      if (row.command !== undefined) assert.equal(fault.command, row.command)
      assert.equal(fault.retryable, row.retryable ?? false)
    })
  }

  await t.test('in XML is read like one in JSON', async () => {
    await cloud.trust(sandbox.cluster.issuer)
    const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error><RequestId>1</RequestId></ErrorResponse>`
    cloud.parts.sts.faults.inject(
      { kind: 'response', response: { status: 403, headers: { 'content-type': 'text/xml' }, body } },
      { times: 1 },
    )
    assert.equal((await refusal()).code, 'CONDITION_REFUSED')
  })

  await t.test('that repeats the token is withheld', async () => {
    const subjectToken = await aws.token()
    inject(cloud, 'InvalidIdentityToken', `cannot read ${subjectToken.value.reveal()}`)
    const fault = await refusal({ subjectToken })
    assert.match(fault.seen, /its words are withheld: they repeat a secret/)
    assert.doesNotMatch(fault.message, new RegExp(subjectToken.value.reveal().slice(20, 60)))
  })
})
