import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { mergeKeys } from '../../../src/oidc/keys.ts'
import fc from '../../support/fast-check.ts'
import { keysOf, p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

suite('the keys of several replicas', () => {
  test('are merged, none is lost, the first of a kid stays', () => {
    const merged = mergeKeys(keysOf(rsaJwk, p256Jwk), keysOf({ ...p384Jwk, kid: 'key-1' }, p384Jwk))
    assert.deepEqual(
      merged.map(({ keyId, type }) => [keyId, type]),
      [
        ['key-1', 'RSA'],
        ['key-2', 'EC'],
        ['key-3', 'EC'],
      ],
    )
  })

  test('are merged to the same set in any order, and again', () => {
    const sets = fc.array(fc.subarray([rsaJwk, p256Jwk, p384Jwk]), { maxLength: 5 })
    const ids = (keys: ReturnType<typeof mergeKeys>) => keys.map(({ keyId = '' }) => keyId).toSorted()
    fc.assert(
      fc.property(sets, (chosen) => {
        const keys = chosen.map((jwks) => keysOf(...jwks))
        const merged = mergeKeys(...keys)
        assert.deepEqual(ids(mergeKeys(...keys.toReversed())), ids(merged))
        assert.deepEqual(mergeKeys(merged, merged), merged)
        assert.deepEqual(new Set(ids(merged)), new Set(keys.flat().map(({ keyId }) => keyId)))
      }),
    )
  })
})
