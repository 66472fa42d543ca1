import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { watchIssuer } from '../../../src/publish/watch/watch.ts'
import { createWatchdog } from '../../../src/server/watchdog.ts'
import type { VendorContext } from '../../../src/vendors/vendor.ts'
import { startTestWatch } from './test-watch.ts'

suite('a watch', () => {
  test('starts a round every 15 s, regardless of the duration of a round', async (t) => {
    const watch = await startTestWatch(t, { intervalMs: 15_000 })
    const ended = new AbortController()
    const paused: number[] = []
    const context: VendorContext = {
      ...watch.context,
      signal: ended.signal,
      async sleep(ms) {
        paused.push(ms)
        if (paused.length === 3) ended.abort(new Error('three rounds are enough'))
      },
    }
    const took = ['6 s', '40 s', '-1 h']
    await watchIssuer(watch.config, context, {
      watchdog: createWatchdog({ unhealthyAfterMs: 60_000, limitMs: 10_000 }, context),
      report: () => watch.skew(took.shift() ?? '0 s'),
    })
    assert.deepEqual(paused, [9_000, 1_000, 15_000])
  })

  test('ends if a round hangs, so that it is restarted', { timeout: 20_000 }, async (t) => {
    const watch = await startTestWatch(t)
    const { cluster } = watch.config
    const hanging = { ...watch.config, cluster: { ...cluster, request: () => new Promise<never>(() => undefined) } }
    const watchdog = createWatchdog({ unhealthyAfterMs: 60_000, limitMs: 50 }, watch.context)
    const ended = watchIssuer(hanging, watch.context, { watchdog, report: () => undefined })
    await assert.rejects(ended, { code: 'TIMED_OUT', seen: 'a round did not end within 0.05 s' })
  })
})
