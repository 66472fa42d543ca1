import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { safeKeySentence, safeToSignAt } from '../../../src/publish/safe-to-sign.ts'

const publishedAt = new Date('2026-11-24T12:00:00Z')
const at = (served?: number) => safeToSignAt(publishedAt, served).toISOString()

suite('from when on a published key may sign', () => {
  test('300 s after it was published: as long as verifiers cache what pullpass writes', () =>
    assert.equal(at(), '2026-11-24T12:05:00.000Z'))

  test('later where a web server lets verifiers cache for longer, and never sooner', () => {
    assert.equal(at(3600), '2026-11-24T13:00:00.000Z')
    assert.equal(at(10), '2026-11-24T12:05:00.000Z')
  })

  test('after a week at the latest, whatever max-age a server states', () =>
    assert.equal(at(9_999_999_999), '2026-12-01T12:00:00.000Z'))

  test('is stated in whole seconds, and never too early', () => {
    const key = { keyId: 'key-1', at: new Date('2026-11-24T12:05:00.001Z'), signs: false }
    assert.equal(safeKeySentence(key, publishedAt), 'safe to sign with key-1 from 2026-11-24T12:05:01Z')
  })
})
