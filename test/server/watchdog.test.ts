import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createWatchdog } from '../../src/server/watchdog.ts'

function start() {
  let ms = Date.parse('2026-11-24T12:00:00Z')
  const durations: number[] = []
  const watchdog = createWatchdog(
    { unhealthyAfterMs: 60_000, limitMs: 50, onRound: (durationMs) => durations.push(durationMs) },
    { now: () => new Date(ms) },
  )
  const advance = (by: number) => {
    ms += by
  }
  return { watchdog, durations, advance }
}

suite('a watchdog', () => {
  test('fails its check once no round ended for a while, and passes again after one', async () => {
    const { watchdog, advance } = start()
    advance(59_999)
    assert.equal(watchdog.check.failure(), undefined)
    advance(1)
    assert.equal(watchdog.check.failure(), 'no round ended since 2026-11-24T12:00:00Z')
    await watchdog.run(async () => undefined)
    assert.equal(watchdog.check.failure(), undefined)
  })

  test('ends a round that hangs, so that the process is restarted', async () => {
    const { watchdog } = start()
    await assert.rejects(
      watchdog.run(() => new Promise<never>(() => undefined)),
      { code: 'TIMED_OUT', seen: 'a round did not end within 0.05 s' },
    )
  })

  test('returns what a round returns, reports how long it took, and throws what it throws', async () => {
    const { watchdog, durations, advance } = start()
    assert.equal(
      await watchdog.run(async () => {
        advance(1_500)
        return 'state'
      }),
      'state',
    )
    await assert.rejects(
      watchdog.run(() => Promise.reject(new RangeError('full'))),
      RangeError,
    )
    await watchdog.run(async () => advance(-10_000)) // the clock was set
    assert.deepEqual(durations, [1_500, 0])
  })
})
