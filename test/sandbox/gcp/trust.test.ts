import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { account, accountPath, poolName, pools, repository, startGoogle } from './start-google.ts'
import { createTestIssuer, issuerUri, subject } from './test-issuer.ts'

const now = new Date('2026-11-24T12:00:00Z')
const provider = `${poolName}/providers/cluster`
const providerPath = `${pools}/pool/providers/cluster`
const principal = `principal://iam.googleapis.com/${poolName}/subject/${subject}`
const user = 'roles/iam.workloadIdentityUser'
const claims = { 'kubernetes.io': { namespace: 'image-system', serviceaccount: { name: 'pullpass' } } }

suite('writes with the APIs take effect', async () => {
  const issuer = await createTestIssuer('ES256')

  /** A pool and a provider with the issuer's keys; `settings` of the provider. */
  async function start(t: TestContext, settings: object = {}) {
    const started = await startGoogle(t)
    const { send, write, google } = started
    google.accounts.put(account)
    await write(`POST ${pools}?workloadIdentityPoolId=pool`, {})
    const created = await write(`POST ${pools}/pool/providers?workloadIdentityPoolProviderId=cluster`, {
      attributeMapping: { 'google.subject': 'assertion.sub' },
      oidc: { issuerUri, jwksJson: JSON.stringify(issuer.jwks) },
      ...settings,
    })
    assert.equal(created.body.done, true)
    const exchange = async (changes: object = {}) => {
      const body = new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        audience: `//iam.googleapis.com/${provider}`,
        scope: 'https://www.googleapis.com/auth/cloud-platform',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token: await issuer.sign(now, { ...claims, aud: `//iam.googleapis.com/${provider}`, ...changes }),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      }).toString()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return (await send('sts', 'POST /v1/token', { body, headers, token: '' })).body
    }
    const impersonate = async () => {
      const token = (await exchange()).access_token
      const call = `POST /v1/projects/-/serviceAccounts/${account}:generateAccessToken`
      const body = { scope: ['https://www.googleapis.com/auth/cloud-platform'] }
      return (await send('iamCredentials', call, { body, token })).status
    }
    const grant = (members: string[]) =>
      send('iam', `POST ${accountPath}:setIamPolicy`, { body: { policy: { bindings: [{ role: user, members }] } } })
    return { ...started, exchange, impersonate, grant }
  }

  test('for impersonation of an account', async (t) => {
    const { impersonate, grant } = await start(t)
    assert.equal(await impersonate(), 403)
    await grant([principal])
    assert.equal(await impersonate(), 200)
    await grant([])
    assert.equal(await impersonate(), 403)
  })

  test('for a binding after a delay', async (t) => {
    const { google, impersonate, grant, advance } = await start(t)
    google.adjust({ bindingDelaySeconds: 80 })
    await grant([principal])
    advance('79 s')
    assert.equal(await impersonate(), 403)
    advance('1 s')
    assert.equal(await impersonate(), 200)
  })

  test('for a provider after a delay', async (t) => {
    const { google, exchange, write, advance } = await start(t)
    google.adjust({ providerDelaySeconds: 30 })
    await write(`PATCH ${providerPath}?updateMask=disabled`, { disabled: true })
    advance('29 s')
    assert.notEqual((await exchange()).access_token, undefined)
    advance('1 s')
    assert.equal((await exchange()).error, 'invalid_target')
  })

  const gone: Record<string, string> = {
    'a disabled provider': `PATCH ${providerPath}?updateMask=disabled`,
    'a deleted provider': `DELETE ${providerPath}`,
    'the provider of a disabled pool': `PATCH ${pools}/pool?updateMask=disabled`,
    'the provider of a deleted pool': `DELETE ${pools}/pool`,
  }
  for (const [name, call] of Object.entries(gone))
    test(`${name} is an invalid target`, async (t) => {
      const { exchange, write } = await start(t)
      assert.notEqual((await exchange()).access_token, undefined)
      await write(call, call.startsWith('PATCH') ? { disabled: true } : undefined)

      assert.equal((await exchange()).error, 'invalid_target')
    })

  const mapping = {
    'google.subject': 'assertion.sub',
    'google.groups': "['system:serviceaccounts', 'system:serviceaccounts:' + assertion['kubernetes.io'].namespace]",
    'attribute.namespace': "assertion['kubernetes.io']['namespace']",
  }
  const sets: Record<string, [member: string, status: number]> = {
    'by its attribute': ['attribute.namespace/image-system', 200],
    'not by another value of it': ['attribute.namespace/default', 403],
    'by its group': ['group/system:serviceaccounts:image-system', 200],
    'by its pool': ['*', 200],
  }
  for (const [name, [rest, status]] of Object.entries(sets))
    test(`a principal set matches ${name}`, async (t) => {
      const { impersonate, grant } = await start(t, { attributeMapping: mapping })
      assert.equal((await grant([`principalSet://iam.googleapis.com/${poolName}/${rest}`])).status, 200)

      assert.equal(await impersonate(), status)
    })

  test('for the condition of a provider, with claims and mapped attributes', async (t) => {
    const attributeCondition = "attribute.namespace == 'image-system' && assertion.sub.startsWith('system:')"
    const { exchange, write } = await start(t, { attributeMapping: mapping, attributeCondition })
    assert.notEqual((await exchange()).access_token, undefined)
    const refused = {
      error: 'unauthorized_client',
      error_description: 'The given credential is rejected by the attribute condition.',
    }
    assert.deepEqual(await exchange({ 'kubernetes.io': { namespace: 'default' } }), refused)

    await write(`PATCH ${providerPath}?updateMask=attributeCondition`, {
      attributeCondition: "assertion['kubernetes.io']['node']['name'] == 'node-1'",
    })
    assert.deepEqual(await exchange(), refused) // a claim that does not exist makes it false
  })

  test('for the audiences of a provider, instead of its name', async (t) => {
    const { exchange } = await start(t, {
      oidc: { issuerUri, jwksJson: JSON.stringify(issuer.jwks), allowedAudiences: ['pullpass'] },
    })

    assert.match((await exchange()).error_description, /does not match the expected audience\.$/)
    assert.notEqual((await exchange({ aud: 'pullpass' })).access_token, undefined)
  })

  test('for uploaded keys, until others are uploaded', async (t) => {
    const { exchange, write } = await start(t)
    const others = await createTestIssuer('ES256')
    const replace = (jwksJson: string) =>
      write(`PATCH ${providerPath}?updateMask=oidc.jwksJson`, { oidc: { jwksJson } })

    await replace(JSON.stringify(others.jwks))
    assert.equal((await exchange()).error_description, 'Unable to verify the ID Token signature.')
    await replace('{')
    assert.equal((await exchange()).error_description, "Error connecting to the given credential's issuer.")
  })

  const subjects: Record<string, [mapped: string, description: string]> = {
    'a claim that does not exist': [
      'assertion.email',
      'Could not obtain a value for google.subject from the given credential.',
    ],
    'a boolean': ["assertion.sub == 'x'", "The mapped attribute 'google.subject' must be of type STRING."],
  }
  for (const [name, [mapped, error_description]] of Object.entries(subjects))
    test(`${name} is not a subject`, async (t) => {
      const { exchange } = await start(t, { attributeMapping: { 'google.subject': mapped } })

      assert.deepEqual(await exchange(), { error: 'unauthorized_client', error_description })
    })
})

suite('Artifact Registry', () => {
  const short = 'example-project/images'
  const reader = (member: string) => ({ bindings: [{ role: 'roles/artifactregistry.reader', members: [member] }] })
  const path = `/v1/${repository}`

  test('grants reads only in the repository whose policy allows it', async (t) => {
    const { google, send, advance } = await startGoogle(t)
    const member = `serviceAccount:${account}`
    google.accounts.put(account)
    google.repositories.put(repository.replace('images', 'other'))
    google.adjust({ bindingDelaySeconds: 60 })
    const set = await send('artifactRegistry', `POST ${path}:setIamPolicy`, { body: { policy: reader(member) } })

    assert.deepEqual((await send('artifactRegistry', `GET ${path}:getIamPolicy`)).body, set.body)
    assert.equal(google.repositories.mayRead(short, [member]), false)
    advance('1 min')
    assert.equal(google.repositories.mayRead(short, [member]), true)
    assert.equal(google.repositories.mayRead('example-project/other', [member]), false)
    assert.equal(google.repositories.mayRead(short, ['serviceAccount:other@x.iam.gserviceaccount.com']), false)
  })

  test('reports an absent repository, and a missing permission', async (t) => {
    const { google, send } = await startGoogle(t)
    const absent = await send('artifactRegistry', `GET ${path}-2`)
    google.operators.withhold('artifactregistry.repositories.setIamPolicy')
    const denied = await send('artifactRegistry', `POST ${path}:setIamPolicy`, { body: { policy: {} } })

    assert.deepEqual([absent.status, absent.body.error.message], [404, 'Requested entity was not found.'])
    assert.equal((await send('artifactRegistry', `GET ${path}`)).body.format, 'DOCKER')
    assert.deepEqual(denied.body.error.details[0].metadata, {
      permission: 'artifactregistry.repositories.setIamPolicy',
      resource: repository,
    })
  })
})

suite('Resource Manager', () => {
  test('returns the number of a project, by its ID or number', async (t) => {
    const { send } = await startGoogle(t)
    const project = {
      name: 'projects/123456789012',
      projectId: 'example-project',
      displayName: 'example-project',
      state: 'ACTIVE',
    }

    assert.deepEqual((await send('resourceManager', 'GET /v3/projects/example-project')).body, project)
    assert.deepEqual((await send('resourceManager', 'GET /v3/projects/123456789012')).body, project)
  })

  test('denies a project that does not exist', async (t) => {
    const { send } = await startGoogle(t)
    const { status, body } = await send('resourceManager', 'GET /v3/projects/other-project')

    assert.equal(status, 403)
    assert.equal(
      body.error.message,
      "Permission 'resourcemanager.projects.get' denied on resource '//cloudresourcemanager.googleapis.com/projects/other-project' (or it may not exist).",
    )
  })
})
