import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { endWithSignal } from '../../../src/commands/run/run.ts'

suite('endWithSignal', () => {
  test('work that ends without a signal returns its result', async () => {
    assert.equal(await endWithSignal(new AbortController().signal, async () => 'done', 0), 'done')
  })

  test('work that ends soon after the signal is completed', async () => {
    const run = new AbortController()
    const work = async () => {
      run.abort(new Error('over'))
      return 'finished'
    }
    assert.equal(await endWithSignal(run.signal, work, 10_000), 'finished')
  })

  test('work that continues is abandoned, with the reason of the signal', async () => {
    const run = new AbortController()
    const reason = new Error('over')
    const forever = endWithSignal(run.signal, () => new Promise<never>(() => {}), 0)
    run.abort(reason)
    await assert.rejects(forever, reason)
  })
})
