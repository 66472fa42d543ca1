import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { digestOf, emptyKeyState, isRevoked, type KeyState, type Revocation } from '../../../src/publish/key-state.ts'
import { mergeKeyStates } from '../../../src/publish/watch/stored-key-state.ts'
import fc from '../../support/fast-check.ts'
import { testKey } from './test-key.ts'

const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour))
const revocationOf = (keyId: string, key?: ReturnType<typeof testKey>): Revocation => ({
  digest: digestOf(keyId),
  keyId,
  key,
  revokedAt: at(12),
})
const seen = (keyId: string, hour: number) => ({ key: testKey(keyId), firstSeenAt: at(0), lastSeenAt: at(hour) })
const withRevocations = (...revocations: Revocation[]): KeyState => ({ keys: [], revocations })

suite('merging the stored key state and that of this process', () => {
  test('of each key the later sight holds', () => {
    const found = { ...emptyKeyState, keys: [seen('a', 3), seen('b', 1)] }
    const own = { ...emptyKeyState, keys: [seen('a', 2), seen('b', 2)] }
    const { keys } = mergeKeyStates(found, own, [])
    assert.deepEqual(
      keys.map(({ key, lastSeenAt }) => [key.keyId, lastSeenAt]),
      [
        ['a', at(3)],
        ['b', at(2)],
      ],
    )
  })

  test('a revocation that another writer added, or whose key it added, is adopted, and nothing was removed', () => {
    const found = withRevocations(revocationOf('a', testKey('a')), revocationOf('b'))
    assert.deepEqual(mergeKeyStates(found, withRevocations(revocationOf('a')), []), { ...found, removed: [] })
  })

  test('a revocation whose key was forged before is adopted with the real one', () => {
    const forged = withRevocations(revocationOf('a', testKey('a', 'forged')))
    const real = withRevocations(revocationOf('a', testKey('a')))
    assert.deepEqual(mergeKeyStates(real, forged, [testKey('a')]), { ...real, removed: [] })
    assert.deepEqual(mergeKeyStates(forged, real, [testKey('a')]).removed, real.revocations)
  })

  test('of revocations of keys that were never served, replacing each other, a hundred are kept; the one of a served key always', () => {
    let own: KeyState = withRevocations()
    for (let wave = 0; wave < 30; wave++) {
      const junk = Array.from({ length: 20 }, (_, nth) => revocationOf(`junk-${wave}-${nth}`))
      const found = wave === 20 ? [...junk, revocationOf('leaked', testKey('leaked'))] : junk
      own = mergeKeyStates(withRevocations(...found), own, [testKey('leaked')])
    }
    assert.equal(own.revocations.length, 100 + 20 + 1)
    assert.ok(isRevoked(own, testKey('leaked')))
    assert.ok(isRevoked(own, testKey('junk-0-0')))
  })

  test('a revocation that this process knows holds, for kid and key, whatever others make of it', () => {
    const change = fc.record({
      keyId: fc.constantFrom('a', 'b', 'c'),
      key: fc.option(fc.constantFrom('a', 'b', 'other'), { nil: undefined }),
    })
    // A ConfigMap has one entry for a kid.
    const edit = fc.uniqueArray(change, { maxLength: 3, selector: ({ keyId }) => keyId })
    const edits = fc.array(edit, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(edits, (states) => {
        let own = withRevocations(revocationOf('a', testKey('a')))
        for (const changes of states) {
          const found = changes.map(({ keyId, key }) => revocationOf(keyId, key === undefined ? key : testKey(key)))
          own = mergeKeyStates(withRevocations(...found), own, [])
          assert.ok(isRevoked(own, testKey('a')))
          assert.ok(isRevoked(own, testKey('renamed', 'a')))
        }
      }),
    )
  })
})
