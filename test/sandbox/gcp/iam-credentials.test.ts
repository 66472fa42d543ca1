import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createAccessTokens } from '../../../sandbox/gcp/access-tokens.ts'
import { iamCredentials } from '../../../sandbox/gcp/iam/iam-credentials.ts'
import { createIamPolicies } from '../../../sandbox/gcp/iam/iam-policies.ts'
import { createServiceAccounts } from '../../../sandbox/gcp/iam/service-accounts.ts'
import { createProjectServices, createProjects } from '../../../sandbox/gcp/projects/projects.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import fc from '../../support/fast-check.ts'

const member = 'principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/subject/s'
const puller = 'puller@example-project.iam.gserviceaccount.com'
const middle = 'middle@example-project.iam.gserviceaccount.com'
const readOnly = 'https://www.googleapis.com/auth/cloud-platform.read-only'

suite('IAM Credentials', () => {
  async function start(t: TestContext, scope = 'https://www.googleapis.com/auth/cloud-platform') {
    const clock = { now: new Date('2026-11-24T12:00:00Z') }
    const now = () => clock.now
    const accounts = createServiceAccounts(createIamPolicies(now), now)
    const tokens = createAccessTokens(now)
    accounts.put(puller)
    accounts.allowTokens(puller, member)
    const part = await servePart({
      handler: iamCredentials({ accounts, tokens, services: createProjectServices(createProjects()), now }),
    })
    t.after(part.close)
    const federated = tokens.grant({ member, scopes: [scope], expiresAt: new Date('2026-11-24T13:00:00Z') })
    const generate = async (request: object, { email = puller, bearer = federated } = {}) => {
      const response = await fetch(`${part.url}/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
        body: JSON.stringify(request),
      })
      return { status: response.status, body: Object(await response.json()) }
    }
    return { clock, accounts, tokens, generate }
  }

  test('a principal with the role gets a token of the service account, with the requested scopes and lifetime', async (t) => {
    const { tokens, generate } = await start(t)
    const { status, body } = await generate({ scope: [readOnly], lifetime: '1800s' })

    assert.equal(status, 200)
    assert.equal(body.expireTime, '2026-11-24T12:30:00Z')
    assert.deepEqual(tokens.holderOf(body.accessToken), {
      member: 'serviceAccount:puller@example-project.iam.gserviceaccount.com',
      scopes: [readOnly],
      expiresAt: new Date('2026-11-24T12:30:00Z'),
    })
  })

  test('without a lifetime, or with null as some clients send it, the token is valid for an hour', async (t) => {
    const { generate } = await start(t)
    const withNull = { scope: [readOnly], lifetime: null, delegates: null }

    assert.equal((await generate({ scope: [readOnly] })).body.expireTime, '2026-11-24T13:00:00Z')
    assert.equal((await generate(withNull)).body.expireTime, '2026-11-24T13:00:00Z')
  })

  test('a federated token of scope iam suffices, one of the read-only scope does not', async (t) => {
    const iam = await start(t, 'https://www.googleapis.com/auth/iam')
    const narrow = await start(t, readOnly)
    const refused = await narrow.generate({ scope: [readOnly] })

    assert.equal((await iam.generate({ scope: [readOnly] })).status, 200)
    assert.equal(refused.status, 403)
    assert.equal(refused.body.error.details[0].reason, 'ACCESS_TOKEN_SCOPE_INSUFFICIENT')
  })

  const denied = {
    error: {
      code: 403,
      message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      status: 'PERMISSION_DENIED',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'IAM_PERMISSION_DENIED',
          domain: 'iam.googleapis.com',
          metadata: { permission: 'iam.serviceAccounts.getAccessToken' },
        },
      ],
    },
  }

  test('without the role, and for an account that does not exist, the response is the same 403', async (t) => {
    const { accounts, generate } = await start(t)
    accounts.denyTokens(puller, member)

    assert.deepEqual(await generate({ scope: [readOnly] }), { status: 403, body: denied })
    assert.deepEqual(await generate({ scope: [readOnly] }, { email: 'absent@x.iam.gserviceaccount.com' }), {
      status: 403,
      body: denied,
    })
  })

  test('a new binding takes effect after a delay', async (t) => {
    const { clock, accounts, generate } = await start(t)
    accounts.allowTokens(puller, member, new Date('2026-11-24T12:01:20Z'))

    clock.now = new Date('2026-11-24T12:01:19Z')
    assert.equal((await generate({ scope: [readOnly] })).status, 403)
    clock.now = new Date('2026-11-24T12:01:20Z')
    assert.equal((await generate({ scope: [readOnly] })).status, 200)
  })

  test('a chain of delegates requires a role at each step', async (t) => {
    const { accounts, generate } = await start(t)
    const request = { scope: [readOnly], delegates: [`projects/-/serviceAccounts/${middle}`] }
    accounts.put(middle)
    accounts.denyTokens(puller, member)
    accounts.allowTokens(middle, member)

    assert.equal((await generate(request)).status, 403)
    accounts.allowTokens(puller, `serviceAccount:${middle}`)
    assert.equal((await generate(request)).status, 200)
    assert.equal((await generate({ scope: [readOnly] })).status, 403)
  })

  const invalid: Record<string, object> = {
    'a lifetime of 0s': { scope: [readOnly], lifetime: '0s' },
    'a lifetime over an hour': { scope: [readOnly], lifetime: '3601s' },
    'a lifetime without a unit': { scope: [readOnly], lifetime: '3600' },
    'no scope': {},
    'a delegate by its bare address': { scope: [readOnly], delegates: [middle] },
  }
  for (const [name, request] of Object.entries(invalid))
    test(`${name} is an invalid argument`, async (t) => {
      const { generate } = await start(t)
      const { status, body } = await generate(request)

      assert.equal(status, 400)
      assert.equal(body.error.status, 'INVALID_ARGUMENT')
    })

  test('any JSON is granted or an invalid argument', async (t) => {
    const { generate } = await start(t)
    await fc.assert(
      fc.asyncProperty(fc.object({ key: fc.constantFrom('scope', 'lifetime', 'delegates') }), async (request) => {
        assert.ok([200, 400].includes((await generate(request)).status))
      }),
      { numRuns: 50 },
    )
  })

  test('twelve hours are granted if the organization allows them', async (t) => {
    const { accounts, generate } = await start(t)
    accounts.put(puller, 43200)
    accounts.allowTokens(puller, member)

    assert.equal((await generate({ scope: [readOnly], lifetime: '43200s' })).body.expireTime, '2026-11-25T00:00:00Z')
  })

  test('a request without a token, with an unknown or an expired token is unauthenticated', async (t) => {
    const { clock, generate } = await start(t)
    const statusOf = async (bearer?: string) =>
      (await generate({ scope: [readOnly] }, bearer === undefined ? {} : { bearer })).body.error?.status

    assert.equal(await statusOf(''), 'UNAUTHENTICATED')
    assert.equal(await statusOf('ya29.never-granted'), 'UNAUTHENTICATED')
    clock.now = new Date('2026-11-24T13:00:00Z')
    assert.equal(await statusOf(), 'UNAUTHENTICATED')
  })
})
