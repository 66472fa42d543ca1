import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildDocuments, documentUrl } from '../../../src/oidc/issuer-documents.ts'
import { parseJwks } from '../../../src/oidc/keys.ts'
import fc from '../../support/fast-check.ts'
import { issuer, keysOf, p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

suite('the two documents', () => {
  test('of the discovery document there are exactly five fields, and jwks_uri is under the issuer', () => {
    const { discovery } = buildDocuments(issuer, keysOf(rsaJwk, p256Jwk))
    assert.deepEqual(JSON.parse(discovery.text), {
      issuer: 'https://oidc.example.com/cluster-1',
      jwks_uri: 'https://oidc.example.com/cluster-1/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    })
  })

  test('are served as what they are, for five minutes', () => {
    const { discovery, jwks } = buildDocuments(issuer, keysOf(rsaJwk))
    assert.deepEqual([discovery.contentType, jwks.contentType], ['application/json', 'application/jwk-set+json'])
    assert.deepEqual([discovery.cacheControl, jwks.cacheControl], ['public, max-age=300', 'public, max-age=300'])
  })

  test('hold what a verifier needs of a key, and nothing else', () => {
    const stray = { x5c: ['MIIB'], key_ops: ['verify'], d: 'c2VjcmV0', ext: true }
    const { jwks } = buildDocuments(issuer, keysOf({ ...rsaJwk, ...stray }, { ...p256Jwk, ...stray, n: 'AQAB' }))
    const { keys } = JSON.parse(jwks.text)
    assert.deepEqual(keys, [
      { kty: 'RSA', use: 'sig', alg: 'RS256', kid: 'key-1', n: keys[0].n, e: 'AQAB' },
      { kty: 'EC', use: 'sig', alg: 'ES256', kid: 'key-2', crv: 'P-256', x: keys[1].x, y: keys[1].y },
    ])
  })

  test('leave out what no cloud reads', () => {
    const unread = [
      { ...rsaJwk, kid: undefined },
      { ...rsaJwk, kid: 'for encryption', use: 'enc' },
      { ...rsaJwk, kid: 'too short', n: Buffer.alloc(128, 255).toString('base64url') },
      { ...rsaJwk, kid: 'without exponent', e: undefined },
      { ...p256Jwk, kid: 'without point', y: undefined },
      { ...p256Jwk, kid: 'of another curve', crv: 'secp256k1' },
      { kty: 'AKP', alg: 'ML-DSA-65', kid: 'of another kind', pub: 'AA' },
    ]
    const { jwks } = buildDocuments(issuer, keysOf(...unread, p384Jwk))
    assert.deepEqual(
      parseJwks(jwks.text)?.map(({ keyId }) => keyId),
      ['key-3'],
    )
  })

  test('are the same text for the same keys, in whatever order', () => {
    const jwks = [rsaJwk, p256Jwk, p384Jwk]
    fc.assert(
      fc.property(fc.shuffledSubarray(jwks, { minLength: 3 }), (shuffled) => {
        assert.deepEqual(buildDocuments(issuer, keysOf(...shuffled)), buildDocuments(issuer, keysOf(...jwks)))
      }),
    )
  })

  test('are read back as the keys that they were made of', () => {
    const keys = keysOf(rsaJwk, p256Jwk)
    const read = parseJwks(buildDocuments(issuer, keys).jwks.text)
    assert.deepEqual(
      read?.map(({ members: { kid, n, e, x, y } }) => [kid, n, e, x, y]),
      keys.map(({ members: { kid, n, e, x, y } }) => [kid, n, e, x, y]),
    )
  })

  test('of an issuer with a slash at its end have no two in their addresses', () => {
    const url = 'https://oidc.example.com/cluster-1/'
    assert.equal(documentUrl(url, 'discovery'), 'https://oidc.example.com/cluster-1/.well-known/openid-configuration')
    assert.equal(JSON.parse(buildDocuments(url, keysOf(rsaJwk)).discovery.text).issuer, url)
  })
})
