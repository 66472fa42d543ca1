import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { isRevoked } from '../../../src/issuer/memory/is-revoked.ts'
import { digestOf, type KeyMemory } from '../../../src/issuer/memory/key-memory.ts'
import { memoryChanges } from '../../../src/issuer/memory/memory-changes.ts'
import { parseMemory } from '../../../src/issuer/memory/parse-memory.ts'
import { testKey } from '../watch/test-key.ts'

const at = (hour: number) => new Date(Date.UTC(2026, 10, 24, hour))
const remembered = (keyId: string) => ({ key: testKey(keyId), firstSeenAt: at(1), lastSeenAt: at(2) })
const revoked = { digest: digestOf('old'), keyId: 'old', key: testKey('old'), revokedAt: at(3) }
const nothing: KeyMemory = { keys: [], revocations: [] }

const stored = (memory: KeyMemory): Record<string, string> =>
  Object.fromEntries(Object.entries(memoryChanges(nothing, memory)).map(([name, text]) => [name, text ?? '']))

suite('the memory of an issuer’s keys', () => {
  test('is read as it was written', () => {
    const memory = { keys: [remembered('a'), remembered('a kid with / and ü')], revocations: [revoked] }
    assert.deepEqual(parseMemory(stored(memory)), memory)
  })

  test('holds keys under names that a ConfigMap takes, whatever the kid is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (keyId) => {
        const names = Object.keys(stored({ keys: [remembered(keyId)], revocations: [] }))
        assert.match(names.join(), /^key\.[-._a-zA-Z0-9]{1,249}$/)
      }),
    )
  })

  test('an entry that somebody damaged is dropped, or one that lies under another key’s name', () => {
    const entries = stored({ keys: [remembered('a'), remembered('b')], revocations: [] })
    const [one = '', other = ''] = Object.keys(entries)
    assert.deepEqual(parseMemory({ ...entries, [one]: '{' }).keys, [remembered('b')])
    assert.deepEqual(parseMemory({ ...entries, [other]: entries[one] ?? '' }).keys, [remembered('a')])
  })

  test('a revocation holds even where its text is damaged', () => {
    const entries = Object.fromEntries(
      Object.keys(stored({ keys: [], revocations: [revoked] })).map((name) => [name, '']),
    )
    assert.equal(isRevoked(parseMemory(entries), testKey('old')), true)
    assert.equal(isRevoked(parseMemory(entries), testKey('new')), false)
  })

  test('any entries are read without a fault', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('key.a', 'revoked.a'))
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.json())), (entries) => void parseMemory(entries)),
    )
  })

  test('only what changed is written, and no revocation is taken away', () => {
    const before = { keys: [remembered('a'), remembered('b')], revocations: [revoked] }
    const after = { keys: [remembered('a'), remembered('c')], revocations: [] }
    const changes = memoryChanges(before, after)
    assert.deepEqual(
      Object.entries(changes).map(([name, text]) => [name, text === undefined]),
      [
        [`key.${digestOf('b')}`, true],
        [`key.${digestOf('c')}`, false],
      ],
    )
  })
})
