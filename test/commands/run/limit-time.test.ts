import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { limitTime } from '../../../src/commands/run/run.ts'

/** A context whose sleep ends on request of the test. */
function manualContext() {
  const slept: number[] = []
  const wakings: (() => void)[] = []
  const interrupt = new AbortController()
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      slept.push(ms)
      wakings.push(resolve)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  const wake = async () => {
    for (const waking of wakings) waking()
    await new Promise(setImmediate)
  }
  return { context: { sleep, signal: interrupt.signal }, slept, wake, interrupt }
}

suite('limitTime', () => {
  test('at the timeout the run ends, and the error contains the timeout', async () => {
    const { context, slept, wake } = manualContext()
    const { signal } = limitTime('1h30m', context)
    assert.deepEqual(slept, [5_400_000])
    assert.equal(signal.aborted, false)
    await wake()
    assert.equal(signal.reason.code, 'TIMED_OUT')
    assert.equal(signal.reason.seen, 'the run did not end within 1h30m')
  })

  test('of a command that runs until it is stopped, no hop was slow', async () => {
    const { context, wake } = manualContext()
    const { signal } = limitTime('5s', { ...context, life: 'until-stopped' })
    await wake()
    assert.equal(signal.reason.code, 'TIMED_OUT')
    assert.equal(signal.reason.seen, 'the run was not stopped within 5s')
    assert.equal(signal.reason.hint, 'omit --timeout: the command then runs until it is stopped')
  })

  test('a run that ended in time is not aborted', async () => {
    const { context, wake } = manualContext()
    const { signal, cancel } = limitTime('5m', context)
    cancel()
    await wake()
    assert.equal(signal.aborted, false)
  })

  test('an interruption before the timeout ends it with its own reason', () => {
    const { context, interrupt } = manualContext()
    const { signal } = limitTime('5m', context)
    interrupt.abort('stopped')
    assert.equal(signal.reason, 'stopped')
  })

  test('without a timeout only an interruption ends it', () => {
    const { context, slept } = manualContext()
    assert.equal(limitTime(undefined, context).signal, context.signal)
    assert.deepEqual(slept, [])
  })

  test('a timeout of years is limited to the maximum of a timer, and does not expire immediately', () => {
    const { context, slept } = manualContext()
    limitTime('99999h', context)
    assert.deepEqual(slept, [2_147_483_647])
  })

  test('a limit under a second is refused, with the minimum', () => {
    assert.throws(() => limitTime('1ms', manualContext().context), {
      code: 'USAGE_INVALID',
      seen: '--timeout is "1ms"',
      expected: 'a duration of at least 1s, such as 90s, 5m or 1h30m',
    })
  })

  for (const timeout of ['0s', '5 minutes', '-5m', '1.5h', '5']) {
    test(`${timeout} is refused`, () => {
      assert.throws(() => limitTime(timeout, manualContext().context), {
        code: 'USAGE_INVALID',
        seen: `--timeout is "${timeout}"`,
        expected: 'a duration of at least 1s, such as 90s, 5m or 1h30m',
      })
    })
  }
})
