import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { impersonationRefusal } from '../../../src/vendors/gcp/refusals.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { account, refusal } from './exchange-at-sandbox.ts'

const denied =
  'Google responded with 403 "Permission \'iam.serviceAccounts.getAccessToken\' denied on resource (or it may not exist)."'
const principal =
  'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:image-system:pullpass'
const via = 'via@example-project.iam.gserviceaccount.com'

test('IAM Credentials refuses', async (t) => {
  const sandbox = await startTestSandbox(t)
  const { accounts } = sandbox.gcp
  const { faults, seen } = sandbox.gcp.parts.iamCredentials
  const provider = `workloadIdentityProvider: ${sandbox.gcp.provider}`

  await t.test('a principal that may not become the account, with the binding that is missing', async () => {
    accounts.denyTokens(account, sandbox.gcp.principal)
    const fault = await refusal(sandbox)
    assert.deepEqual(
      [fault.code, fault.hop, fault.seen, fault.retryable],
      ['IMPERSONATION_DENIED', 'impersonation', denied, false],
    )
    assert.equal(fault.expected, `${principal} to have roles/iam.workloadIdentityUser on ${account}`)
    assert.equal(fault.hint, 'a new grant takes up to 5 minutes to take effect; without a grant')
    assert.equal(
      fault.command,
      `gcloud iam service-accounts add-iam-policy-binding ${account} --project=example-project --role=roles/iam.workloadIdentityUser --member=${principal} --condition=None`,
    )
    assert.equal(seen.length, 1)
    accounts.allowTokens(account, sandbox.gcp.principal)
  })

  await t.test('an account that does not exist, in the same words', async () => {
    const gone = 'gone@example-project.iam.gserviceaccount.com'
    const fault = await refusal(sandbox, { gcp: [provider, `serviceAccountEmail: ${gone}`] })
    assert.deepEqual([fault.code, fault.seen], ['IMPERSONATION_DENIED', denied])
    assert.equal(fault.expected, `${principal} to have roles/iam.workloadIdentityUser on ${gone}`)
  })

  await t.test('a binding that is too new to be known', async () => {
    accounts.allowTokens(account, sandbox.gcp.principal, new Date('2026-11-24T12:05:00Z'))
    assert.match((await refusal(sandbox)).hint ?? '', /^a new grant takes up to 5 minutes to take effect; /)
    accounts.allowTokens(account, sandbox.gcp.principal)
  })

  await t.test('a chain of delegates, whose first member the principal must become', async () => {
    const gcp = [provider, `serviceAccountEmail: ${account}`, `delegates: [${via}]`]
    const fault = await refusal(sandbox, { gcp })
    assert.deepEqual([fault.code, fault.seen], ['IMPERSONATION_DENIED', denied])
    assert.equal(
      fault.expected,
      `${principal} to have roles/iam.workloadIdentityUser on ${via}, and roles/iam.serviceAccountTokenCreator: ${via} on ${account}`,
    )
    assert.match(
      fault.command ?? '',
      /^gcloud iam service-accounts add-iam-policy-binding projects\/-\/serviceAccounts\/via@/,
    )
  })

  await t.test('a lifetime over an hour, where the organisation does not allow it', async () => {
    const fault = await refusal(sandbox, { gcp: [provider, `serviceAccountEmail: ${account}`, 'lifetime: 2h'] })
    assert.deepEqual([fault.code, fault.hop], ['EXCHANGE_REFUSED', 'impersonation'])
    assert.equal(fault.seen, 'Google responded with 400 "Request contains an invalid argument."')
    assert.equal(fault.expected, `a lifetime that Google allows for ${account}; requested: 7200 s`)
    assert.match(fault.hint ?? '', /constraints\/iam\.allowServiceAccountCredentialLifetimeExtension$/)
  })

  await t.test('for a used-up quota, which is worth another try', async () => {
    const body = { error: { code: 429, message: 'Quota exceeded for quota metric.', status: 'RESOURCE_EXHAUSTED' } }
    faults.inject({ kind: 'response', response: { status: 429, body } })
    const before = seen.length
    const fault = await refusal(sandbox)
    assert.deepEqual([fault.code, fault.hop], ['QUOTA_EXCEEDED', 'impersonation'])
    assert.equal(fault.seen, 'Google responded with 429 "Quota exceeded for quota metric."')
    assert.equal(fault.hint, 'no action if this is temporary; otherwise raise the quota')
    assert.equal(seen.length - before, 4)
    faults.clear()
  })
})

suite('refusals of IAM Credentials that the sandbox does not produce', () => {
  const request = {
    settings: { workloadIdentityProvider: 'projects/1/locations/global/workloadIdentityPools/pool/providers/name' },
    email: account,
    subject: 'system:serviceaccount:a:b',
  }
  const refusalOf = (code: number, message: string, reason?: string) =>
    impersonationRefusal(code, { error: { code, message, details: [{ reason }] } }, request)

  test('its API is not enabled', () => {
    const message = 'IAM Service Account Credentials API has not been used in project 1 before or it is disabled.'
    assert.deepEqual(refusalOf(403, message, 'SERVICE_DISABLED'), {
      code: 'API_DISABLED',
      message,
      expected: 'the API that Google names to be enabled in project 1',
      hint: 'an owner of project 1 can enable it',
    })
  })

  test('a scope that it does not know', () => {
    const refused = refusalOf(400, 'Invalid scope.')
    assert.deepEqual(
      [refused?.code, refused?.expected],
      ['EXCHANGE_REFUSED', `scopes and delegates that Google accepts for ${account}`],
    )
  })

  test('a token of another universe', () => {
    const refused = refusalOf(401, 'Request had invalid authentication credentials.')
    assert.equal(refused?.code, 'EXCHANGE_REFUSED')
    assert.match(refused.hint ?? '', /^check that both endpoints belong to the same universe/)
  })

  test('an error of the server in JSON is retryable', () => {
    const message = 'The service is currently unavailable.'
    assert.deepEqual(refusalOf(503, message), { code: 'EXCHANGE_UNAVAILABLE', message, retryable: true })
  })

  test('an account that its path does not lead to', () => {
    assert.equal(refusalOf(404, 'Requested entity was not found.')?.code, 'EXCHANGE_REFUSED')
  })

  test('JSON without a message has no meaning of its own', () => {
    for (const body of [null, [], 'x', 7, {}, { error: null }, { error: 'x' }, { error: { message: 7 } }]) {
      assert.equal(impersonationRefusal(403, body, request), undefined)
    }
  })
})
