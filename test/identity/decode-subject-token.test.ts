import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { decodeSubjectToken } from '../../src/identity/subject-token.ts'
import { Redacted } from '../../src/text/redacted.ts'
import fc from '../support/fast-check.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (payload: unknown, header: unknown = { alg: 'RS256', kid: 'key-1' }) =>
  new Redacted(`${encode(header)}.${encode(payload)}.c2lnbmF0dXJl`)

/** As kube-apiserver 1.34 writes them. */
const claims = {
  aud: ['//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/gardener'],
  exp: 1_763_985_600,
  iat: 1_763_982_000,
  iss: 'https://issuer.example.com',
  jti: 'aa0b6a5d-3c1c-4b5a-8f36-1f62d1ad2a4c',
  'kubernetes.io': {
    namespace: 'image-system',
    node: { name: 'node-1', uid: '5f4f3d0e' },
    pod: { name: 'pullpass-29', uid: '0e3bde11' },
    serviceaccount: { name: 'pullpass', uid: '42696507' },
  },
  nbf: 1_763_982_000,
  sub: 'system:serviceaccount:image-system:pullpass',
}
const where = '/var/run/secrets/tokens/oidc-token'

suite('decodeSubjectToken', () => {
  test('a projected token contains issuer, subject, audience, expiry and pod', () => {
    const value = token(claims)
    assert.deepEqual(decodeSubjectToken(value, where), {
      value,
      issuer: 'https://issuer.example.com',
      subject: 'system:serviceaccount:image-system:pullpass',
      audiences: ['//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/gardener'],
      issuedAt: new Date('2025-11-24T11:00:00Z'),
      expiresAt: new Date('2025-11-24T12:00:00Z'),
      keyId: 'key-1',
      algorithm: 'RS256',
      accountUid: '42696507',
      pod: 'pullpass-29',
      node: 'node-1',
    })
  })

  test('an audience may be one string', () => {
    assert.deepEqual(decodeSubjectToken(token({ ...claims, aud: 'sts' }), where).audiences, ['sts'])
  })

  test('a token without an audience has none', () => {
    assert.deepEqual(decodeSubjectToken(token({ ...claims, aud: undefined }), where).audiences, [])
  })

  test('an overlong kid or algorithm is ignored: tables show them', () => {
    const long = 'x'.repeat(257)
    const { keyId, algorithm } = decodeSubjectToken(token(claims, { alg: long, kid: long }), where)
    assert.deepEqual([keyId, algorithm], [undefined, undefined])
    const longest = token(claims, { alg: 'RS256', kid: 'x'.repeat(256) })
    assert.equal(decodeSubjectToken(longest, where).keyId?.length, 256)
  })

  test('a token that is bound to nothing, without iat and kid, is decoded', () => {
    const { iss, sub, aud, exp } = claims
    const decoded = decodeSubjectToken(token({ iss, sub, aud, exp }, { alg: 'ES256' }), where)
    assert.equal(decoded.issuedAt, undefined)
    assert.equal(decoded.keyId, undefined)
    assert.equal(decoded.pod, undefined)
    assert.equal(decoded.node, undefined)
  })

  const malformed: Record<string, [value: string, seen: string]> = {
    'two parts': ['aaaa.bbbb', 'it has 2 parts'],
    'one part': ['aaaa', 'it has 1 part'],
    'an encrypted token': ['a.b.c.d.e', 'it has 5 parts'],
    'an empty signature': [`${encode({})}.${encode(claims)}.`, 'its signature is empty'],
    'standard base64': ['ab+/.abcd.abcd', 'its header is not base64url'],
    'a trailing newline': [`${token(claims).reveal()}\n`, 'its signature is not base64url'],
    'a length that no bytes have': ['abcde.abcd.abcd', 'its header is not base64url'],
    'a header that is not JSON': ['aGVsbG8.abcd.abcd', 'its header is not JSON'],
    'a claim with control characters': [
      `${encode({})}.${encode({ sub: 'x\u001b]0;owned\u0007' })}.abcd`,
      'its payload contains control characters',
    ],
    'bytes that are not UTF-8': [`${encode({})}._w.abcd`, 'its payload is not JSON'],
    'a payload that is a list': [token([]).reveal(), 'its payload is not a JSON object'],
    'no issuer': [token({ ...claims, iss: undefined }).reveal(), 'it has no claim iss'],
    'an empty subject': [token({ ...claims, sub: '' }).reveal(), 'its claim sub is not a string, or empty'],
    'a list of numbers as audience': [
      token({ ...claims, aud: [1] }).reveal(),
      'its claim aud is neither a string nor a list of strings',
    ],
    'no expiry': [
      token({ ...claims, exp: undefined }).reveal(),
      'it has no claim exp, as tokens in Secrets of earlier Kubernetes',
    ],
    'an expiry in words': [
      token({ ...claims, exp: 'soon' }).reveal(),
      'its claim exp is not a number of seconds since 1970',
    ],
    'an expiry that no clock reaches': [
      token({ ...claims, exp: 1e300 }).reveal(),
      'its claim exp is not a number of seconds since 1970',
    ],
    '17 KiB': ['a'.repeat(17 * 1024), 'it has 17408 bytes, more than 16384'],
  }
  for (const [name, [value, seen]] of Object.entries(malformed)) {
    test(`${name}: the token is refused with the reason`, () => {
      assert.throws(() => decodeSubjectToken(new Redacted(value), where), {
        name: 'PullpassError',
        code: 'TOKEN_MALFORMED',
        hop: 'subject-token',
        seen: `${where} contains no service account token: ${seen}`,
        retryable: false,
      })
    })
  }

  test('the content of the file is never shown', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{24,40}$/)
    const texts = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(texts, (text) => {
        try {
          decodeSubjectToken(new Redacted(text), where)
        } catch (error) {
          assert.ok(error instanceof PullpassError)
          assert.equal(error.code, 'TOKEN_MALFORMED')
          const shown = inspect(error)
          const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()
          for (const secret of [text.slice(0, 24), payload]) {
            assert.ok(secret.length < 12 || !shown.includes(secret))
          }
        }
      }),
    )
  })

  test('any bytes are decoded or refused with the code, never with another error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(encode)), fc.jsonValue(), (first, payload) => {
        try {
          decodeSubjectToken(new Redacted(`${first}.${encode(payload)}.abcd`), where)
        } catch (error) {
          assert.ok(error instanceof PullpassError)
          assert.equal(error.code, 'TOKEN_MALFORMED')
        }
      }),
    )
  })
})
