import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { parseJwks } from '../../../src/oidc/keys.ts'
import fc from '../../support/fast-check.ts'
import { p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

const parse = (...keys: readonly unknown[]) => parseJwks(JSON.stringify({ keys })) ?? assert.fail('it is a JWKS')
const parseOne = (key: object) => parse(key)[0] ?? assert.fail('there is a key')

const privateJwk = (await sharedSigningKey('first')).privateKey.export({ format: 'jwk' })

suite('the keys of a JWKS', () => {
  test('contain the members that verifiers read', () => {
    const actual = parse(rsaJwk, p256Jwk, p384Jwk).map(({ keyId, type, bits, curve, algorithm }) => ({
      keyId,
      type,
      bits,
      curve,
      algorithm,
    }))
    assert.deepEqual(actual, [
      { keyId: 'key-1', type: 'RSA', bits: 2048, curve: undefined, algorithm: 'RS256' },
      { keyId: 'key-2', type: 'EC', bits: undefined, curve: 'P-256', algorithm: 'ES256' },
      { keyId: 'key-3', type: 'EC', bits: undefined, curve: 'P-384', algorithm: 'ES384' },
    ])
  })

  test('have the algorithm that follows from the key, where none is stated', () => {
    const unstated = (key: object) => parseOne({ ...key, alg: undefined }).algorithm
    assert.deepEqual([unstated(rsaJwk), unstated(p256Jwk), unstated(p384Jwk)], ['RS256', 'ES256', 'ES384'])
    assert.equal(unstated({ kty: 'OKP', crv: 'Ed25519' }), undefined)
  })

  for (const modulusLength of [1024, 2048, 3072, 4096]) {
    test(`count ${modulusLength} bits of an RSA modulus, with leading zeros or without`, () => {
      const modulus = Buffer.alloc(modulusLength / 8, 0xc5)
      const bits = (n: Buffer) => parseOne({ kty: 'RSA', e: 'AQAB', n: n.toString('base64url') }).bits
      assert.deepEqual([bits(modulus), bits(Buffer.concat([Buffer.alloc(3), modulus]))], [modulusLength, modulusLength])
    })
  }

  test('of an odd length are counted to the bit', () => {
    const bits = (bytes: readonly number[]) =>
      parseOne({ kty: 'RSA', n: Buffer.from(bytes).toString('base64url') }).bits
    assert.deepEqual([bits([1]), bits([255]), bits([1, 0]), bits([0, 127, 255]), bits([0])], [1, 8, 9, 15, 0])
  })

  test('never hold a private member, but its name', () => {
    const key = parseOne({ ...privateJwk, kid: 'key-1', k: 'c2VjcmV0' })
    assert.deepEqual(key.otherMembers.toSorted(), ['d', 'dp', 'dq', 'k', 'p', 'q', 'qi'])
    for (const half of [privateJwk.d, privateJwk.p, 'c2VjcmV0']) assert.ok(half && !JSON.stringify(key).includes(half))
  })

  test('have no member of unusual length: tables show them', () => {
    const long = 'x'.repeat(257)
    const key = parseOne({ ...rsaJwk, kid: long, alg: long, use: long })
    assert.deepEqual([key.keyId, key.algorithm, JSON.stringify(key).includes(long)], [undefined, 'RS256', false])
    assert.equal(parseOne({ kty: long, crv: long }).type, 'unknown')
    assert.equal(parseOne({ ...rsaJwk, kid: 'x'.repeat(256) }).keyId?.length, 256)
  })

  test('name unused members', () => {
    assert.deepEqual(parseOne({ ...rsaJwk, x5c: [], key_ops: ['verify'] }).otherMembers, ['x5c', 'key_ops'])
  })

  test('are left out where they are no objects, and kept where they are odd', () => {
    assert.deepEqual(
      parse(1, null, 'key', [], {}).map(({ type }) => type),
      ['unknown'],
    )
  })

  test('are none where the text is not a JWKS', () => {
    for (const text of ['', '{', '[]', 'null', '{}', '{"keys": {}}', '{"keys": "RSA"}', '<html>'])
      assert.equal(parseJwks(text), undefined, text)
    assert.equal(parseJwks(JSON.stringify({ keys: Array.from({ length: 501 }, () => ({})) })), undefined)
    assert.deepEqual(parseJwks('{"keys": []}'), [])
  })
})

suite('whatever the text is', () => {
  test('it is read or it is none, without a throw', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseJwks(text)))
  })

  test('keys of any members are read in their order, by text members alone', () => {
    const member = fc.constantFrom(
      'kty',
      'alg',
      'use',
      'kid',
      'n',
      'e',
      'crv',
      'x',
      'y',
      'd',
      '__proto__',
      'toString',
      'é',
    )
    const keys = fc.array(fc.dictionary(member, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 9 }), { maxLength: 9 })
    fc.assert(
      fc.property(keys, (jwks) => {
        const parsed = parse(...jwks)
        assert.equal(parsed.length, jwks.length)
        for (const [at, { keyId, members, otherMembers }] of parsed.entries()) {
          const kid = jwks[at]?.['kid']
          assert.equal(keyId, typeof kid === 'string' && kid !== '' ? kid : undefined)
          assert.ok(Object.values(members).every((value) => typeof value === 'string'))
          assert.ok(!('d' in members) && !otherMembers.includes('kid'))
        }
      }),
    )
  })
})
