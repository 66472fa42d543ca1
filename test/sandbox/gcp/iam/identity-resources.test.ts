import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { poolName, pools, startGoogle } from '../start-google.ts'

const provider = {
  displayName: 'cluster',
  attributeMapping: { 'google.subject': 'assertion.sub' },
  oidc: { issuerUri: 'https://issuer.example' },
}
const createPool = `POST ${pools}?workloadIdentityPoolId=pool`
const createProvider = `POST ${pools}/pool/providers?workloadIdentityPoolProviderId=cluster`
const exchange = {
  grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
  requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
  subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
  audience: `//iam.googleapis.com/${poolName}/providers/cluster`,
  scope: 'https://www.googleapis.com/auth/iam',
  subjectToken: 'no JWT',
}
const absent = { error: { code: 404, message: 'Requested entity was not found.', status: 'NOT_FOUND' } }
const taken = { error: { code: 409, message: 'Requested entity already exists', status: 'ALREADY_EXISTS' } }
const wrongState = { error: { code: 400, message: 'Precondition check failed.', status: 'FAILED_PRECONDITION' } }

suite('a pool', () => {
  test('exists when its operation is done, and not before; its name contains the project number', async (t) => {
    const { send } = await startGoogle(t)
    const created = await send('iam', createPool, { body: { displayName: 'Clusters', description: 'pullpass:one' } })
    const { name } = created.body
    assert.match(name, new RegExp(`^${poolName}/operations/b[0-9a-f]{31}$`))
    assert.deepEqual(created.body, { name })
    assert.deepEqual((await send('iam', `GET ${pools}/pool`)).body, absent)
    assert.deepEqual((await send('iam', createPool, { body: {} })).body, taken)

    assert.deepEqual((await send('iam', `GET /v1/${name}`)).body, { name })
    const pool = { name: poolName, state: 'ACTIVE', displayName: 'Clusters', description: 'pullpass:one' }
    const response = { '@type': 'type.googleapis.com/google.iam.v1.WorkloadIdentityPool', ...pool }
    assert.deepEqual((await send('iam', `GET /v1/${name}`)).body, { name, done: true, response })
    assert.deepEqual((await send('iam', `GET /v1/${poolName}`)).body, pool)
  })

  test('that is deleted keeps its ID for 30 days, can be undeleted, and is then removed', async (t) => {
    const { send, write, advance } = await startGoogle(t)
    await write(createPool, {})
    await write(`DELETE ${pools}/pool`)

    const deleted = { name: poolName, state: 'DELETED', expireTime: '2026-12-24T12:00:00.000Z' }
    assert.deepEqual((await send('iam', `GET ${pools}/pool`)).body, deleted)
    assert.deepEqual((await send('iam', `GET ${pools}`)).body, {})
    assert.deepEqual((await send('iam', `GET ${pools}?showDeleted=true`)).body, { workloadIdentityPools: [deleted] })
    assert.deepEqual((await send('iam', createPool, { body: {} })).body, taken)
    assert.deepEqual((await send('iam', `DELETE ${pools}/pool`)).body, wrongState)
    assert.deepEqual((await send('iam', createProvider, { body: provider })).body, wrongState)

    await write(`POST ${pools}/pool:undelete`)
    assert.deepEqual((await send('iam', `GET ${pools}/pool`)).body, { name: poolName, state: 'ACTIVE' })
    assert.deepEqual((await send('iam', `POST ${pools}/pool:undelete`)).body, wrongState)
    await write(`DELETE ${pools}/pool`)
    advance('30 d')
    assert.equal((await send('iam', `GET ${pools}/pool`)).status, 404)
    assert.equal((await write(createPool, {})).body.done, true)
  })

  test('is changed only in the fields of the mask', async (t) => {
    const { send, write } = await startGoogle(t)
    await write(createPool, { displayName: 'one', description: 'kept' })
    await write(`PATCH ${pools}/pool?updateMask=displayName,disabled`, { disabled: true, description: 'not meant' })

    const pool = { name: poolName, state: 'ACTIVE', description: 'kept', disabled: true }
    assert.deepEqual((await send('iam', `GET ${pools}/pool`)).body, pool)
    assert.equal((await send('iam', `PATCH ${pools}/pool?updateMask=state`, { body: {} })).status, 400)
    assert.equal((await send('iam', `PATCH ${pools}/pool`, { body: {} })).status, 400)
  })

  test('is listed page by page', async (t) => {
    const { send, write } = await startGoogle(t)
    for (const id of ['pool-a', 'pool-b', 'pool-c']) await write(`POST ${pools}?workloadIdentityPoolId=${id}`, {})
    const idsOf = ({ workloadIdentityPools }: { workloadIdentityPools: { name: string }[] }) =>
      workloadIdentityPools.map(({ name }) => name.split('/').at(-1))

    const first = (await send('iam', `GET ${pools}?pageSize=2`)).body
    assert.deepEqual(idsOf(first), ['pool-a', 'pool-b'])
    const second = (await send('iam', `GET ${pools}?pageSize=2&pageToken=${first.nextPageToken}`)).body
    assert.deepEqual(idsOf(second), ['pool-c'])
    assert.equal(second.nextPageToken, undefined)
    assert.equal((await send('iam', `GET ${pools}?pageToken=bad`)).status, 400)
  })

  for (const id of ['abc', 'a'.repeat(33), 'Pool-1', 'gcp-pool', 'pool_1', ''])
    test(`is not created with the ID "${id}"`, async (t) => {
      const { send } = await startGoogle(t)
      const { status, body } = await send('iam', `POST ${pools}?workloadIdentityPoolId=${id}`, { body: {} })

      assert.deepEqual([status, body.error.status], [400, 'INVALID_ARGUMENT'])
      assert.match(body.error.message, /^Invalid workloadIdentityPoolId/)
    })
})

suite('a provider', () => {
  test('is created in its pool, with its settings', async (t) => {
    const { send, write } = await startGoogle(t)
    assert.deepEqual((await send('iam', createProvider, { body: provider })).body, absent)
    await write(createPool, {})
    const { body } = await write(createProvider, { ...provider, attributeCondition: '', disabled: false })

    const stored = { name: `${poolName}/providers/cluster`, state: 'ACTIVE', ...provider }
    const type = 'type.googleapis.com/google.iam.v1.WorkloadIdentityPoolProvider'
    assert.match(body.name, new RegExp(`^${poolName}/providers/cluster/operations/`))
    assert.deepEqual(body.response, { '@type': type, ...stored })
    assert.deepEqual((await send('iam', `GET ${pools}/pool/providers`)).body, {
      workloadIdentityPoolProviders: [stored],
    })
  })

  test('gets new keys with a mask that does not include its issuer', async (t) => {
    const { send, write } = await startGoogle(t)
    await write(createPool, {})
    await write(createProvider, provider)
    await write(`PATCH ${pools}/pool/providers/cluster?updateMask=oidc.jwks_json`, { oidc: { jwksJson: 'no JWKS' } })

    const { oidc } = (await send('iam', `GET ${pools}/pool/providers/cluster`)).body
    assert.deepEqual(oidc, { issuerUri: 'https://issuer.example', jwksJson: 'no JWKS' })
  })

  const tooMany = Array.from({ length: 11 }, (_, index) => `audience-${index}`)
  const refused: Record<string, [changes: object, message: string | RegExp]> = {
    'a display name over 32 characters': [
      { displayName: 'x'.repeat(33) },
      'display name must be less than or equal to 32 characters',
    ],
    'a description over 256 characters': [{ description: 'x'.repeat(257) }, /description/],
    'no issuer': [{ oidc: {} }, /^Invalid issuer URI/],
    'an issuer without https': [{ oidc: { issuerUri: 'http://issuer.example' } }, /^Invalid issuer URI/],
    'eleven audiences': [{ oidc: { ...provider.oidc, allowedAudiences: tooMany } }, /^At most 10 /],
    'an audience over 256 characters': [
      { oidc: { ...provider.oidc, allowedAudiences: ['x'.repeat(257)] } },
      /less than or equal to 256 characters/,
    ],
    'a mapping without google.subject': [{ attributeMapping: { 'attribute.a': 'assertion.a' } }, /google\.subject/],
    'a mapping to assertion.aud': [
      { attributeMapping: { ...provider.attributeMapping, 'assertion.aud': 'assertion.aud' } },
      "Invalid mapped attribute key: assertion.aud. Custom mapped attributes must be in format 'attribute.{custom_attribute}'",
    ],
    'a mapping that is not CEL': [
      { attributeMapping: { 'google.subject': 'sub' } },
      "Error compiling the attribute mapping for google.subject: undeclared reference to 'sub'",
    ],
    'a condition that is not CEL': [
      { attributeCondition: "assertion.sub = 'x'" },
      /^Error compiling the attribute condition: Syntax error/,
    ],
    'a condition with an unknown function': [
      { attributeCondition: 'assertion.sub.reverse()' },
      /undeclared reference to 'reverse'/,
    ],
    'a shared issuer without a condition': [
      { oidc: { issuerUri: 'https://token.actions.githubusercontent.com' } },
      /^The attribute condition must reference one of the provider's claims\./,
    ],
    'an unknown field': [
      { issuerUri: 'https://issuer.example' },
      'Invalid JSON payload received. Unknown name "issuerUri" at \'workload_identity_pool_provider\': Cannot find field.',
    ],
  }
  for (const [name, [changes, message]] of Object.entries(refused))
    test(`is not created with ${name}`, async (t) => {
      const { send, write } = await startGoogle(t)
      await write(createPool, {})
      const { status, body } = await send('iam', createProvider, { body: { ...provider, ...changes } })

      assert.deepEqual([status, body.error.status], [400, 'INVALID_ARGUMENT'])
      if (typeof message === 'string') assert.equal(body.error.message, message)
      else assert.match(body.error.message, message)
    })

  test('is created with invalid keys: they are checked when a token is verified', async (t) => {
    const { write } = await startGoogle(t)
    await write(createPool, {})

    assert.equal(
      (await write(createProvider, { ...provider, oidc: { ...provider.oidc, jwksJson: '{' } })).body.done,
      true,
    )
  })
})

suite('an operation', () => {
  test('that fails changes nothing', async (t) => {
    const { google, send, write } = await startGoogle(t)
    google.adjust({ operationEnd: (name) => (name.includes('/providers/') ? 'fails' : 'succeeds') })
    await write(createPool, {})
    const { done, error, response } = (await write(createProvider, provider)).body

    assert.deepEqual([done, error, response], [true, { code: 13, message: 'Internal error encountered.' }, undefined])
    assert.equal((await send('iam', `GET ${pools}/pool/providers/cluster`)).status, 404)
    google.adjust({ operationEnd: () => 'succeeds' })
    assert.equal((await write(createProvider, provider)).body.done, true)
  })

  test('can run forever, and then reserves the ID', async (t) => {
    const { google, send, write, advance } = await startGoogle(t)
    google.adjust({ operationEnd: () => 'never-ends' })
    assert.equal((await write(createPool, {})).body.done, undefined)
    advance('2 d')
    assert.equal((await write(createPool, {})).status, 409)
    assert.equal((await send('iam', `GET ${pools}/pool`)).status, 404)
  })

  test('completes after its duration, without polls', async (t) => {
    const { google, send, advance } = await startGoogle(t)
    google.adjust({ operationSeconds: 10 })
    const { name } = (await send('iam', createPool, { body: {} })).body
    advance('9 s')
    assert.equal((await send('iam', createProvider, { body: provider })).status, 404)
    advance('1 s')

    assert.equal((await send('iam', createProvider, { body: provider })).status, 200)
    assert.equal((await send('iam', `GET /v1/${name}`)).body.done, true)
    assert.equal((await send('iam', `GET /v1/${name}0`)).status, 404)
  })

  test('that completes takes effect in the token service immediately', async (t) => {
    const { google, send, advance } = await startGoogle(t)
    google.identity.putProvider({ name: `${poolName}/providers/cluster`, issuerUri: 'https://issuer.example' })
    await send('iam', `DELETE ${pools}/pool/providers/cluster`)
    const error = async () => (await send('sts', 'POST /v1/token', { body: exchange })).body.error
    assert.equal(await error(), 'invalid_grant')
    advance('2 s')

    assert.equal(await error(), 'invalid_target')
  })
})

suite('a caller', () => {
  test('without a token, or with an unknown token, is unauthenticated', async (t) => {
    const { send } = await startGoogle(t)
    const missing = await send('iam', `GET ${pools}`, { token: '' })
    const invalid = await send('iam', `GET ${pools}`, { token: 'ya29.x' })

    assert.deepEqual([missing.status, missing.body.error.status], [401, 'UNAUTHENTICATED'])
    assert.match(missing.body.error.message, /^Request is missing required authentication credential\./)
    assert.match(invalid.body.error.message, /^Request had invalid authentication credentials\./)
  })

  test('requires the permission of each call; the error names it', async (t) => {
    const { google, send, write } = await startGoogle(t)
    google.operators.withhold('iam.workloadIdentityPoolProviders.create')
    await write(createPool, {})

    assert.deepEqual((await send('iam', createProvider, { body: provider })).body, {
      error: {
        code: 403,
        message: `Permission 'iam.workloadIdentityPoolProviders.create' denied on resource '//iam.googleapis.com/${poolName}' (or it may not exist).`,
        status: 'PERMISSION_DENIED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'IAM_PERMISSION_DENIED',
            domain: 'iam.googleapis.com',
            metadata: { permission: 'iam.workloadIdentityPoolProviders.create', resource: poolName },
          },
        ],
      },
    })
    google.operators.restore('iam.workloadIdentityPoolProviders.create')
    assert.equal((await write(createProvider, provider)).body.done, true)
  })

  test('that is not an operator gets the same error as for a project that does not exist', async (t) => {
    const { send, tokenOf } = await startGoogle(t)
    const unauthorized = await send('iam', `GET ${pools}`, { token: tokenOf('user:other@example.com') })
    const otherProject = await send('iam', `GET ${pools.replace('example-project', 'other-project')}`)

    assert.equal(unauthorized.status, 403)
    assert.equal(otherProject.status, 403)
    assert.match(
      otherProject.body.error.message,
      /projects\/other-project\/locations\/global' \(or it may not exist\)\.$/,
    )
  })

  test('may write 60 times per minute', async (t) => {
    const { google, send, advance } = await startGoogle(t)
    google.adjust({ writesPerMinute: 2 })
    const create = (id: string) => send('iam', `POST ${pools}?workloadIdentityPoolId=${id}`, { body: {} })
    await create('pool-a')
    await create('pool-b')
    const { status, body } = await create('pool-c')

    assert.deepEqual([status, body.error.status], [429, 'RESOURCE_EXHAUSTED'])
    assert.match(body.error.message, /^Quota exceeded for quota metric .* 'project_number:123456789012'\.$/)
    advance('60 s')
    assert.equal((await create('pool-c')).status, 200)
  })

  test('of an unknown method gets an HTML page', async (t) => {
    const { send } = await startGoogle(t)

    for (const call of [`PUT ${pools}/pool`, `POST ${pools}/pool:destroy`, 'GET /v1/projects/example-project/roles'])
      assert.match((await send('iam', call)).body, /^<!DOCTYPE html>/)
  })
})
