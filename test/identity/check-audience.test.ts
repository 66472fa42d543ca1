import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkAudience } from '../../src/identity/check-subject-token.ts'
import { subjectToken } from '../support/subject-token.ts'

const provider = '//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/gardener'
const google = { audiences: [provider, `https:${provider}`], host: 'europe-docker.pkg.dev' }
const where = '/var/run/secrets/tokens/oidc-token'

const meantFor = (...audiences: string[]) => ({ ...subjectToken, audiences })

suite('checkAudience', () => {
  test('the provider may be named with or without https:', () => {
    assert.equal(checkAudience(meantFor(provider), where, google), undefined)
    assert.equal(checkAudience(meantFor(`https:${provider}`), where, google), undefined)
  })

  test('one audience among several is enough', () => {
    assert.equal(checkAudience(meantFor('https://kubernetes.default.svc', provider), where, google), undefined)
  })

  test('a token for the API server is refused with what it is, what was expected, and the fix', () => {
    const fault = checkAudience(meantFor('https://kubernetes.default.svc'), where, google)
    assert.equal(
      fault?.message,
      `AUDIENCE_MISMATCH (subject-token): /var/run/secrets/tokens/oidc-token has audience "https://kubernetes.default.svc"
  expected "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/gardener" (with or without "https:"), from registry europe-docker.pkg.dev
  fix: set that audience on the pod's projected token (serviceAccountToken.audience); a document (-f) with spec.serviceAccountRef has pullpass request the token itself`,
    )
    assert.equal(fault.code, 'AUDIENCE_MISMATCH')
  })

  test('every accepted audience is named, the scheme only where it matters', () => {
    const fault = checkAudience(meantFor('other'), where, { audiences: ['sts', 'https://sts'], host: 'registry' })
    assert.equal(fault?.expected, '"sts" or "https://sts", from registry registry')
  })

  test('several wrong audiences are all shown', () => {
    const fault = checkAudience(meantFor('a', 'b'), where, google)
    assert.equal(fault?.seen, '/var/run/secrets/tokens/oidc-token has audience "a" and "b"')
  })

  test('a part of the audience is not enough', () => {
    assert.equal(checkAudience(meantFor(`${provider}/`), where, google)?.code, 'AUDIENCE_MISMATCH')
    assert.equal(checkAudience(meantFor(provider.slice(2)), where, google)?.code, 'AUDIENCE_MISMATCH')
  })

  test('a token without an audience is refused', () => {
    const fault = checkAudience(meantFor(), where, google)
    assert.equal(fault?.seen, '/var/run/secrets/tokens/oidc-token has no audience')
  })
})
