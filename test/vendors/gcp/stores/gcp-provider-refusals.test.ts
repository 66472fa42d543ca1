import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fixOf } from '../../../../src/errors/pullpass-error.ts'
import { providerRefusal } from '../../../../src/vendors/gcp/stores/gcp-provider.ts'

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const operator = { member: 'user:ops@example.com', unknown: undefined }
const response = { error: { message: 'Requested entity was not found.' } }

suite('what Google refuses about a provider', () => {
  const refused: readonly [status: number, code: string, hint: RegExp][] = [
    [400, 'PUBLISH_REFUSED', /^check the message of Google; the published keys are unchanged$/],
    [401, 'PUBLISH_DENIED', /^check which credentials are used, and sign in again$/],
    [
      403,
      'PUBLISH_DENIED',
      /: gcloud projects add-iam-policy-binding 123456789012 --role=roles\/iam\.workloadIdentityPoolAdmin --member=user:ops@example.com /,
    ],
    [
      404,
      'PUBLISH_TARGET_NOT_FOUND',
      new RegExp(`^pullpass trust apply .* create-oidc ${provider} --issuer-uri="\\$\\{ISSUER:\\?\\}" `),
    ],
    [503, 'PUBLISH_UNAVAILABLE', /^no action if this is temporary; published documents are not changed$/],
    [429, 'QUOTA_EXCEEDED', /^no action if this is temporary$/],
  ]
  for (const [status, code, hint] of refused) {
    test(`by ${status} names the provider, what was expected, and a way on`, () => {
      const refusal = providerRefusal(status, response, provider, operator)
      assert.equal(refusal?.code, code)
      assert.ok(refusal?.expected?.includes(provider), refusal?.expected)
      assert.match(fixOf(refusal ?? {}) ?? '', hint)
    })
  }

  test('with an unknown message is left to the general case', () => {
    assert.equal(providerRefusal(404, { message: 'nginx' }, provider, operator), undefined)
  })
})
