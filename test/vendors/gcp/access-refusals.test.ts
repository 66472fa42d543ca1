import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { accessRefusal, accessRefusalInWords } from '../../../src/vendors/gcp/access-refusals.ts'

const status = (message: string, reason: string, metadata: object) => ({
  error: { code: 403, message, status: 'PERMISSION_DENIED', details: [{ reason, domain: 'googleapis.com', metadata }] },
})
const disabled =
  'Artifact Registry API has not been used in project 215900959124 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/artifactregistry.googleapis.com/overview?project=215900959124 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.'
const prohibited =
  "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: zvW4mQKV6irg5Nm25Div"

suite('a refusal that no grant fixes', () => {
  test('is a disabled API, by the service and the project of the ErrorInfo, not by the message', () => {
    const metadata = { service: 'sts.googleapis.com', consumer: 'projects/123456789012' }
    assert.deepEqual(accessRefusal(status('Not now.', 'SERVICE_DISABLED', metadata)), {
      code: 'API_DISABLED',
      message: 'Not now.',
      expected: 'sts.googleapis.com to be enabled in project 123456789012',
      hint: 'an owner of project 123456789012 can enable it; it takes effect after a few minutes',
      command: 'gcloud services enable sts.googleapis.com --project=123456789012',
    })
  })

  test('is a disabled API in the words of a registry, which has no ErrorInfo', () => {
    const refusal = accessRefusalInWords(`DENIED: ${disabled}`)
    assert.equal(refusal?.code, 'API_DISABLED')
    assert.equal(refusal?.command, 'gcloud services enable artifactregistry.googleapis.com --project=215900959124')
  })

  test('is a service perimeter, by its reason or in words, and states who can admit the caller', () => {
    const uid = 'zvW4mQKV6irg5Nm25Div'
    for (const refusal of [
      accessRefusal(status(prohibited, 'SECURITY_POLICY_VIOLATED', { uid })),
      accessRefusalInWords(prohibited),
    ]) {
      assert.deepEqual([refusal?.code, refusal?.command], ['PERIMETER_DENIED', undefined])
      assert.match(
        refusal?.hint ?? '',
        /^request an ingress rule from an administrator of .*vpcServiceControlsUniqueIdentifier zvW4mQKV6irg5Nm25Div;/,
      )
    }
  })

  for (const [title, service, consumer] of [
    ['a service that is none', 'x.googleapis.com; id', 'projects/1'],
    ['a project that is none', 'sts.googleapis.com', 'projects/$(id)'],
    ['neither', undefined, undefined],
  ]) {
    test(`brings no command where it names ${title}`, () => {
      const refusal = accessRefusal(status('No.', 'SERVICE_DISABLED', { service, consumer }))
      assert.deepEqual([refusal?.code, refusal?.command], ['API_DISABLED', undefined])
      assert.doesNotMatch(refusal?.hint ?? '', /id|\$/)
    })
  }

  test('is no other one', () => {
    assert.equal(accessRefusal(status('Permission denied.', 'IAM_PERMISSION_DENIED', { permission: 'x' })), undefined)
    assert.equal(accessRefusal({ error: 'invalid_grant' }), undefined)
    assert.equal(accessRefusal('no JSON object'), undefined)
    assert.equal(accessRefusalInWords('Permission "artifactregistry.repositories.downloadArtifacts" denied'), undefined)
  })

  test('is found in no time in a long sentence', () => {
    assert.equal(accessRefusalInWords('has not been used in project 1'.repeat(100_000)), undefined)
  })
})
