import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { tryAgain } from '../../src/http/retry.ts'
import { testOutside } from '../support/test-outside.ts'

const faultOf = (more: { retryable?: boolean; retryAt?: Date } = {}) =>
  new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: 'it is down', retryable: true, ...more })

/** Fails with each of these in turn, then succeeds. */
const failingWith = (faults: unknown[]) => async () => {
  if (faults.length > 0) throw faults.shift()
  return 'done'
}

suite('what fails for a moment', () => {
  test('is tried again, with twice the patience each time, until it succeeds', async () => {
    const outside = testOutside()
    assert.equal(await tryAgain(failingWith([faultOf(), faultOf()]), { attempts: 3 }, outside), 'done')
    assert.deepEqual(outside.slept, [375, 750])
  })

  test('ends with its last fault after so many attempts', async () => {
    const [first, last, unseen] = [faultOf(), faultOf(), faultOf()]
    await assert.rejects(tryAgain(failingWith([first, last, unseen]), { attempts: 2 }, testOutside()), last)
  })

  test('is tried no sooner than the other side asked, and not where that is more than 30 s', async () => {
    const outside = testOutside()
    const later = (seconds: number) => new Date(outside.now().getTime() + seconds * 1000)
    await tryAgain(failingWith([faultOf({ retryAt: later(20) })]), { attempts: 2 }, outside)
    assert.deepEqual(outside.slept, [20_000])
    const fault = faultOf({ retryAt: later(31) })
    await assert.rejects(tryAgain(failingWith([fault]), { attempts: 2 }, outside), fault)
  })

  test('is known by its own word, or by the caller’s', async () => {
    const lasting = faultOf({ retryable: false })
    await assert.rejects(tryAgain(failingWith([lasting]), { attempts: 2 }, testOutside()), lasting)
    const mayPass = ({ code }: PullpassError) => code === 'EXCHANGE_UNAVAILABLE'
    assert.equal(await tryAgain(failingWith([lasting]), { attempts: 2, mayPass }, testOutside()), 'done')
  })

  test('is no bug: that is thrown at once', async () => {
    const bug = new TypeError('undefined is not a function')
    await assert.rejects(tryAgain(failingWith([bug]), { attempts: 2, mayPass: () => true }, testOutside()), bug)
  })

  test('is told of before each wait', async () => {
    const told: string[] = []
    const onWait = ({ code }: PullpassError, delayMs: number) => told.push(`${code} ${delayMs}`)
    await tryAgain(failingWith([faultOf()]), { attempts: 2, onWait }, testOutside())
    assert.deepEqual(told, ['EXCHANGE_UNAVAILABLE 375'])
  })
})
