import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nextRepairMs, noRepairs, recentRepairs, retryDelayMs } from '../../src/controller/schedule.ts'
import { refreshDueAt } from '../../src/credential/registry-credential.ts'

const now = new Date('2026-11-24T12:00:00Z')

suite('a credential', () => {
  test('is due at two thirds of its lifetime, minus up to a tenth of it', () => {
    const lifetime = { from: now, expiresAt: new Date('2026-11-24T13:00:00Z') }
    assert.equal(refreshDueAt(lifetime, 0).toISOString(), '2026-11-24T12:40:00.000Z')
    assert.equal(refreshDueAt(lifetime, 0.5).toISOString(), '2026-11-24T12:37:00.000Z')
  })

  test('is never due after it expires, also if the clock was set', () => {
    assert.equal(
      refreshDueAt({ from: now, expiresAt: new Date('2026-11-24T11:00:00Z') }, 0).toISOString(),
      '2026-11-24T11:00:00.000Z',
    )
  })
})

suite('a failed attempt', () => {
  const passing = { retryable: true, retryAt: undefined }

  test('is retried after 1 s to 5 min, doubling, with full jitter', () => {
    const delays = (random: number) =>
      [1, 2, 3, 8, 9, 1000].map((count) => retryDelayMs(passing, count, { random, now }))
    assert.deepEqual(delays(0.999_999), [2_000, 4_000, 8_000, 256_000, 300_000, 300_000])
    assert.deepEqual(delays(0), [1_000, 1_000, 1_000, 1_000, 1_000, 1_000])
    assert.deepEqual(delays(0.5), [1_000, 2_000, 4_000, 128_000, 150_000, 150_000])
  })

  test('is retried within 30 s during an outage of an hour, and more slowly during a longer one', () => {
    const hourMs = 3_600_000
    const delays = [0, hourMs / 2, hourMs, 2 * hourMs, 10 * hourMs, 100 * hourMs].map((failingMs) =>
      retryDelayMs(passing, 1000, { random: 0.999_999, now, failingMs }),
    )
    assert.deepEqual(delays, [30_000, 30_000, 30_000, 60_000, 300_000, 300_000])
  })

  test('is retried after 5 to 10 min if it was refused', () => {
    const refused = { retryable: false, retryAt: undefined }
    assert.deepEqual(
      [0, 0.5].map((random) => retryDelayMs(refused, 1, { random, now })),
      [300_000, 450_000],
    )
  })

  test('is retried as soon as others if a token file is the cause, since its repair is no event', () => {
    for (const code of ['TOKEN_FILE_UNREADABLE', 'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'AUDIENCE_MISMATCH']) {
      const local = { retryable: false, retryAt: undefined, code }
      assert.deepEqual(
        [1, 8].map((count) => retryDelayMs(local, count, { random: 0.5, now, failingMs: 60_000 })),
        [1_000, 15_000],
      )
    }
  })

  test('is retried soon four times if the API server refused it, since one that starts refuses everything', () => {
    for (const code of ['KUBERNETES_FORBIDDEN', 'TOKEN_REQUEST_REFUSED']) {
      const refused = { retryable: false, retryAt: undefined, code }
      assert.deepEqual(
        [1, 2, 3, 4, 5].map((count) => retryDelayMs(refused, count, { random: 0.5, now })),
        [1_000, 2_000, 4_000, 8_000, 450_000],
      )
    }
  })

  test('is not retried before the time that the other side requested', () => {
    const throttled = { retryable: true, retryAt: new Date('2026-11-24T12:10:00Z') }
    assert.equal(retryDelayMs(throttled, 1, { random: 0.5, now }), 600_000)
  })

  test('is retried after an hour at most, whatever the other side requested', () => {
    const forever = { retryable: true, retryAt: new Date('2057-01-01T00:00:00Z') }
    assert.equal(retryDelayMs(forever, 1, { random: 0.5, now }), 3_600_000)
  })
})

suite('repairs of one Secret', () => {
  test('are immediate three times, then wait for up to 5 min', () => {
    const lastMs = now.getTime()
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 20].map((count) => nextRepairMs({ count, lastMs }) - lastMs),
      [0, 0, 0, 1_000, 2_000, 4_000, 300_000],
    )
  })

  test('are immediate again ten minutes after the last one', () => {
    const repairs = { count: 20, lastMs: now.getTime() }
    assert.equal(recentRepairs(repairs, noRepairs, repairs.lastMs + 600_000), repairs)
    assert.equal(recentRepairs(repairs, noRepairs, repairs.lastMs + 600_001), noRepairs)
  })
})
