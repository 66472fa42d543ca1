import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { digestOf, isRevoked, type KeyState, keyStateChanges, parseKeyState } from '../../../src/publish/key-state.ts'
import { anyText } from '../../support/any-text.ts'
import fc from '../../support/fast-check.ts'
import { testKey } from '../watch/test-key.ts'

const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour))
const recorded = (keyId: string) => ({ key: testKey(keyId), firstSeenAt: at(1), lastSeenAt: at(2) })
const revoked = { digest: digestOf('old'), keyId: 'old', key: testKey('old'), revokedAt: at(3) }
const nothing: KeyState = { keys: [], revocations: [] }

const stored = (keyState: KeyState): Record<string, string> =>
  Object.fromEntries(Object.entries(keyStateChanges(nothing, keyState)).map(([name, text]) => [name, text ?? '']))

suite('the key state', () => {
  test('is read as it was written', () => {
    const keyState = { keys: [recorded('a'), recorded('a kid with / and ü')], revocations: [revoked] }
    assert.deepEqual(parseKeyState(stored(keyState)), keyState)
  })

  test('holds keys under names that a ConfigMap takes, whatever the kid is', () => {
    fc.assert(
      fc.property(anyText(), (keyId) => {
        const names = Object.keys(stored({ keys: [recorded(keyId)], revocations: [] }))
        assert.match(names.join(), /^key\.[-._a-zA-Z0-9]{1,249}$/)
      }),
    )
  })

  test('an entry that is damaged, or has the name of another key, is dropped', () => {
    const entries = stored({ keys: [recorded('a'), recorded('b')], revocations: [] })
    const [one = '', other = ''] = Object.keys(entries)
    assert.deepEqual(parseKeyState({ ...entries, [one]: '{' }).keys, [recorded('b')])
    assert.deepEqual(parseKeyState({ ...entries, [other]: entries[one] ?? '' }).keys, [recorded('a')])
  })

  test('a revocation holds even where its text is damaged', () => {
    const entries = Object.fromEntries(
      Object.keys(stored({ keys: [], revocations: [revoked] })).map((name) => [name, '']),
    )
    assert.equal(isRevoked(parseKeyState(entries), testKey('old')), true)
    assert.equal(isRevoked(parseKeyState(entries), testKey('new')), false)
  })

  const forged: Record<string, object> = {
    'of no material': { kid: 'old' },
    'of nothing at all': {},
    'of another kid': testKey('other').members,
  }
  for (const [title, key] of Object.entries(forged)) {
    test(`a key ${title} is not believed to be the revoked one, and the revocation holds by its kid`, () => {
      const keyState = parseKeyState({ [`revoked.${digestOf('old')}`]: JSON.stringify({ kid: 'old', key }) })
      assert.deepEqual(keyState.revocations, [{ ...revoked, key: undefined, revokedAt: undefined }])
      assert.equal(isRevoked(keyState, { ...testKey('other'), members: {} }), false)
    })
  }

  test('of an entry that is longer than a key is, nothing is kept but the digest that names it', () => {
    const text = JSON.stringify({ kid: 'old', key: revoked.key.members, revokedAt: at(3), more: 'x'.repeat(4_000) })
    const { revocations } = parseKeyState({ [`revoked.${digestOf('old')}`]: text, 'revoked.junk': text })
    assert.deepEqual(revocations, [{ digest: digestOf('old'), keyId: undefined, key: undefined, revokedAt: undefined }])
  })

  test('the entry of an RSA key of 4096 bits, with a kid as long as Kubernetes’, fits with space to spare', () => {
    const kid = 'k'.repeat(43)
    const { members } = testKey(kid)
    const key = { ...testKey(kid), members: { ...members, alg: 'RS256', use: 'sig', n: 'n'.repeat(683) } }
    const keyState: KeyState = {
      keys: [{ key, firstSeenAt: at(1), lastSeenAt: at(2) }],
      revocations: [{ digest: digestOf(kid), keyId: kid, key, revokedAt: at(3) }],
    }
    for (const text of Object.values(stored(keyState))) assert.ok(text.length < 1024, `${text.length}`)
  })

  test('any entries are read without a fault', () => {
    const digest = digestOf('a')
    const name = fc.oneof(fc.string(), fc.constantFrom('key.a', `key.${digest}`, 'revoked.a', `revoked.${digest}`))
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.json())), (entries) => void parseKeyState(entries)),
    )
  })

  test('only what changed is written, and no revocation is taken away', () => {
    const before = { keys: [recorded('a'), recorded('b')], revocations: [revoked] }
    const after = { keys: [recorded('a'), recorded('c')], revocations: [] }
    const changes = keyStateChanges(before, after)
    assert.deepEqual(
      Object.entries(changes).map(([name, text]) => [name, text === undefined]),
      [
        [`key.${digestOf('b')}`, true],
        [`key.${digestOf('c')}`, false],
      ],
    )
  })
})
