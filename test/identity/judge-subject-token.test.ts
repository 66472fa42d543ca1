import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkSubjectToken } from '../../src/identity/check-subject-token.ts'
import { checkSubjectLength } from '../../src/vendors/gcp/names.ts'
import { subjectToken as token } from '../support/subject-token.ts'

const now = new Date('2025-11-24T11:30:00Z')

const codes = (changes: object, at = now) =>
  checkSubjectToken({ token: { ...token, ...changes }, where: 'token', accepted: [] }, at).map(({ code }) => code)

suite('checkSubjectToken', () => {
  test('a valid token with an accepted audience has no findings', () => {
    const accepted = [{ audiences: ['other', 'sts'], host: 'registry.example.com' }]
    assert.deepEqual(checkSubjectToken({ token, where: 'token', accepted }, now), [])
  })

  test('all findings of a token are reported together', () => {
    const accepted = [
      { audiences: ['sts'], host: 'good.example.com' },
      { audiences: ['a'], host: 'a.example.com', checkSubject: checkSubjectLength },
      { audiences: ['b'], host: 'b.example.com', checkSubject: checkSubjectLength },
    ]
    const subject = `system:serviceaccount:image-system:${'x'.repeat(100)}`
    const faults = checkSubjectToken(
      { token: { ...token, subject }, where: 'token', accepted },
      new Date('2025-11-24T13:00:00Z'),
    )
    assert.deepEqual(
      faults.map(({ code, expected }) => [code, expected]),
      [
        ['TOKEN_EXPIRED', 'a token that is valid now, at 2025-11-24T13:00:00Z'],
        ['AUDIENCE_MISMATCH', '"a", from registry a.example.com'],
        ['AUDIENCE_MISMATCH', '"b", from registry b.example.com'],
        ['SUBJECT_TOO_LONG', 'at most 127 bytes, the limit of google.subject'],
      ],
    )
  })

  test('a subject is checked only by the registries’ vendors', () => {
    const subject = 'x'.repeat(128)
    assert.deepEqual(codes({ subject }), [])
  })
})

suite('Google accepts a subject', () => {
  test('of 127 bytes, and none of 128', () => {
    assert.equal(checkSubjectLength('x'.repeat(127), 'token'), undefined)
    assert.equal(checkSubjectLength('x'.repeat(128), 'token')?.code, 'SUBJECT_TOO_LONG')
  })

  test('by its length in bytes, and shows it whole', () => {
    const subject = `${'x'.repeat(126)}ö`
    assert.equal(checkSubjectLength(subject, 'oidc-token')?.seen, `the subject of oidc-token has 128 bytes: ${subject}`)
  })
})
