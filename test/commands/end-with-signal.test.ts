import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { endWithSignal } from '../../src/commands/run.ts'

suite('orEnd', () => {
  test('work that ends by itself gives its result', async () => {
    assert.equal(await endWithSignal(new AbortController().signal, async () => 'done', 0), 'done')
  })

  test('work that ends soon after the signal is let end', async () => {
    const run = new AbortController()
    const work = async () => {
      run.abort(new Error('over'))
      return 'told'
    }
    assert.equal(await endWithSignal(run.signal, work, 10_000), 'told')
  })

  test('work that goes on is left behind, with the signal’s reason', async () => {
    const run = new AbortController()
    const reason = new Error('over')
    const forever = endWithSignal(run.signal, () => new Promise<never>(() => {}), 0)
    run.abort(reason)
    await assert.rejects(forever, reason)
  })
})
