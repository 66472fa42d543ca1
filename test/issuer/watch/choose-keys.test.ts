import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { digestOf, type KeyState } from '../../../src/publish/key-state.ts'
import { chooseKeys, forgetOldKeys } from '../../../src/publish/watch/choose-keys.ts'
import { observeKeys } from '../../../src/publish/watch/evaluate-round.ts'
import fc from '../../support/fast-check.ts'
import { testKey } from './test-key.ts'

const now = new Date('2026-11-24T12:00:00Z')
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
const keepForMs = 48 * 3_600_000

interface Row {
  readonly title: string
  /** Recorded: hours since each was last seen. */
  readonly seen: Readonly<Record<string, number>>
  readonly published?: readonly string[]
  readonly missed?: readonly string[]
  /** Absent: all that is recorded. */
  readonly everServed?: readonly string[]
  readonly revoked?: readonly string[]
  readonly expected: readonly string[]
}

const rows: Row[] = [
  { title: 'what is seen now is public', seen: { a: 0, b: 0 }, expected: ['a', 'b'] },
  { title: 'a key seen 47 h ago stays', seen: { a: 0, b: 47 }, missed: ['b'], expected: ['a', 'b'] },
  { title: 'a key seen 48 h ago goes', seen: { a: 0, b: 48 }, missed: ['b'], published: ['a', 'b'], expected: ['a'] },
  {
    title: 'a key seen long ago stays until it was missed in later rounds',
    seen: { a: 0, b: 480 },
    expected: ['a', 'b'],
  },
  { title: 'what is recorded alone is not made public', seen: { a: 0, x: 0 }, everServed: ['a'], expected: ['a'] },
  { title: 'what is recorded and public stays', seen: { a: 0 }, everServed: [], published: ['a'], expected: ['a'] },
  { title: 'what is public and unknown stays', seen: { a: 0 }, published: ['a', 'x'], expected: ['a', 'x'] },
  { title: 'a revoked key goes', seen: { a: 0, b: 0 }, published: ['b'], revoked: ['b'], expected: ['a'] },
  {
    title: 'a revoked key that is unknown is withdrawn',
    seen: { a: 0 },
    published: ['x'],
    revoked: ['x'],
    expected: ['a'],
  },
  { title: 'all may be revoked', seen: { a: 0 }, published: ['a'], revoked: ['a'], expected: [] },
]

const keyStateOf = (seen: Row['seen'], revoked: readonly string[]): KeyState => ({
  keys: Object.entries(seen).map(([keyId, hours]) => ({
    key: testKey(keyId),
    firstSeenAt: hoursAgo(1000),
    lastSeenAt: hoursAgo(hours),
  })),
  revocations: revoked.map((keyId) => ({ digest: digestOf(keyId), keyId, key: undefined, revokedAt: now })),
})

suite('which keys are to be public', () => {
  for (const { title, seen, published = [], missed = [], everServed, revoked = [], expected } of rows) {
    test(title, () => {
      const served = (everServed ?? Object.keys(seen)).map((keyId) => testKey(keyId))
      const choice = { now, keepForMs, missed: new Set(missed), everServed: served }
      const chosen = chooseKeys(
        keyStateOf(seen, revoked),
        published.map((keyId) => testKey(keyId)),
        choice,
      )
      assert.deepEqual(new Set(chosen.map(({ keyId }) => keyId)), new Set(expected))
    })
  }

  test('of two keys with the same kid the recorded one is not made public', () => {
    const keyState = { keys: [{ key: testKey('a', 'forged'), firstSeenAt: now, lastSeenAt: now }], revocations: [] }
    const own = [testKey('a')]
    const choice = { now, keepForMs, missed: new Set<string>() }
    assert.deepEqual(chooseKeys(keyState, [], { ...choice, everServed: own }), own)
    assert.deepEqual(chooseKeys(keyState, own, { ...choice, everServed: [] }), own)
  })

  test('a revoked key does not come back under another kid', () => {
    const revoked = { digest: digestOf('a'), keyId: 'a', key: testKey('a'), revokedAt: now }
    const keyState = { keys: [], revocations: [revoked] }
    const seen = { served: [testKey('renamed', 'a'), testKey('b')], signing: ['renamed'], published: [] }
    const after = observeKeys(keyState, seen, now)
    const chosen = chooseKeys(after, [testKey('renamed', 'a')], {
      now,
      keepForMs,
      missed: new Set(),
      everServed: seen.served,
    })
    assert.deepEqual(
      chosen.map(({ keyId }) => keyId),
      ['b'],
    )
  })
})

const kid = fc.constantFrom<string>('a', 'b', 'c', 'd', 'e')
const kids = fc.uniqueArray(kid)
const round = fc.record({
  served: kids,
  signing: kids,
  published: kids,
  missed: kids,
  hours: fc.integer({ min: 0, max: 60 }),
})

suite('over any sequence of rounds', () => {
  test('a key seen less than keep-for ago is never withdrawn, unless it was revoked, and a revoked one is never public', () => {
    fc.assert(
      fc.property(fc.array(round, { maxLength: 12 }), kids, (rounds, revoked) => {
        let keyState = keyStateOf({}, revoked)
        let at = now.getTime()
        const lastSeen = new Map<string, number>()
        for (const { served, signing, published, missed, hours } of rounds) {
          at += hours * 3_600_000
          const known = new Set(keyState.keys.map(({ key }) => key.keyId))
          for (const keyId of served) lastSeen.set(keyId, at)
          for (const keyId of signing) if (known.has(keyId)) lastSeen.set(keyId, at)
          const choice = {
            now: new Date(at),
            keepForMs,
            missed: new Set(missed.filter((one) => !served.includes(one))),
            everServed: [...lastSeen.keys()].map((name) => testKey(name)),
          }
          const keysOf = (names: readonly string[]) => names.map((name) => testKey(name))
          keyState = observeKeys(
            keyState,
            { served: keysOf(served), signing, published: keysOf(published) },
            choice.now,
          )
          const chosen = new Set(chooseKeys(keyState, keysOf(published), choice).map(({ keyId }) => keyId))
          keyState = forgetOldKeys(keyState, choice)
          for (const keyId of revoked) assert.ok(!chosen.has(keyId), `${keyId} is revoked`)
          for (const [keyId, seenAt] of lastSeen) {
            if (at - seenAt < keepForMs && !revoked.includes(keyId))
              assert.ok(chosen.has(keyId), `${keyId} was just seen`)
          }
        }
      }),
    )
  })

  test('a round without any keys changes nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(kid, fc.integer({ min: 0, max: 500 })), kids, (seen, published) => {
        const before = keyStateOf(seen, [])
        const keys = published.map((name) => testKey(name))
        const everServed = before.keys.map(({ key }) => key)
        const after = observeKeys(before, { served: [], signing: [], published: keys }, now)
        const chosen = chooseKeys(after, keys, { now, keepForMs, missed: new Set(), everServed }).map(
          ({ keyId }) => keyId,
        )
        for (const keyId of [...Object.keys(seen), ...published]) assert.ok(chosen.includes(keyId))
      }),
    )
  })
})
