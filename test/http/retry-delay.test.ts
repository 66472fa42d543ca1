import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { retryAtOf, retryDelayMs } from '../../src/http/retry.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const now = new Date('2026-11-24T12:00:00Z')
const attempt = fc.integer({ min: 1, max: 2000 })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const later = fc.integer({ min: -3_600_000, max: 7_200_000 }).map((ms) => new Date(now.getTime() + ms))

suite('the wait before a retry', () => {
  test('doubles, and half of it is random', () => {
    const waits = [1, 2, 3, 7, 8, 50].map((one) => [
      retryDelayMs(one, 0, undefined, now),
      retryDelayMs(one, 0.999, undefined, now),
    ])
    assert.deepEqual(waits, [
      [250, 500],
      [500, 1000],
      [1000, 1999],
      [15_000, 29_985],
      [15_000, 29_985],
      [15_000, 29_985],
    ])
  })

  test('is never shorter than Retry-After, nor longer than half a minute', () => {
    fc.assert(
      fc.property(attempt, random, fc.option(later, { nil: undefined }), (tries, chance, retryAt) => {
        const retryAfterMs = retryAt === undefined ? 0 : retryAt.getTime() - now.getTime()
        const waitMs = retryDelayMs(tries, chance, retryAt, now)
        if (retryAfterMs > 30_000) assert.equal(waitMs, undefined)
        else assert.ok(waitMs !== undefined && waitMs >= Math.max(250, retryAfterMs) && waitMs <= 30_000)
      }),
    )
  })
})

suite('Retry-After', () => {
  const headers: Record<string, string | undefined> = {
    '7': '2026-11-24T12:00:07.000Z',
    ' 7 ': '2026-11-24T12:00:07.000Z',
    'Tue, 24 Nov 2026 12:05:00 GMT': '2026-11-24T12:05:00.000Z',
    soon: undefined,
    '': undefined,
    [`7${' '.repeat(80)}`]: undefined,
  }
  for (const [header, at] of Object.entries(headers)) {
    test(`${JSON.stringify(header.slice(0, 30))} is ${at ?? 'no time'}`, () => {
      assert.equal(retryAtOf(header, now)?.toISOString(), at)
    })
  }

  test('is a time or undefined, for any header', () => {
    fc.assert(
      fc.property(anyText(), (header) => {
        const at = retryAtOf(header, now)
        assert.ok(at === undefined || !Number.isNaN(at.getTime()))
      }),
    )
  })
})
