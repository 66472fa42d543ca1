import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { retry } from '../../src/http/retry.ts'
import { fakeContext } from '../support/fake-context.ts'

const faultOf = (more: { retryable?: boolean; retryAt?: Date } = {}) =>
  new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: 'it is down', retryable: true, ...more })

/** Fails with each of these in turn, then succeeds. */
const failingWith = (faults: unknown[]) => async () => {
  if (faults.length > 0) throw faults.shift()
  return 'done'
}

suite('a temporary failure', () => {
  test('is retried with doubled waits until it succeeds', async () => {
    const context = fakeContext()
    assert.equal(await retry(failingWith([faultOf(), faultOf()]), { attempts: 3 }, context), 'done')
    assert.deepEqual(context.slept, [375, 750])
  })

  test('fails with the last error after the number of attempts', async () => {
    const [first, last, unseen] = [faultOf(), faultOf(), faultOf()]
    await assert.rejects(retry(failingWith([first, last, unseen]), { attempts: 2 }, fakeContext()), last)
  })

  test('is retried no sooner than Retry-After, and not if that is more than 30 s', async () => {
    const context = fakeContext()
    const later = (seconds: number) => new Date(context.now().getTime() + seconds * 1000)
    await retry(failingWith([faultOf({ retryAt: later(20) })]), { attempts: 2 }, context)
    assert.deepEqual(context.slept, [20_000])
    const fault = faultOf({ retryAt: later(31) })
    await assert.rejects(retry(failingWith([fault]), { attempts: 2 }, context), fault)
  })

  test('is retryable by its field, or by the caller’s rule', async () => {
    const lasting = faultOf({ retryable: false })
    await assert.rejects(retry(failingWith([lasting]), { attempts: 2 }, fakeContext()), lasting)
    const isRetryable = ({ code }: PullpassError) => code === 'EXCHANGE_UNAVAILABLE'
    assert.equal(await retry(failingWith([lasting]), { attempts: 2, isRetryable }, fakeContext()), 'done')
  })

  test('is not a bug: that is thrown immediately', async () => {
    const bug = new TypeError('undefined is not a function')
    await assert.rejects(retry(failingWith([bug]), { attempts: 2, isRetryable: () => true }, fakeContext()), bug)
  })

  test('is reported before each wait', async () => {
    const reported: string[] = []
    const onWait = ({ code }: PullpassError, delayMs: number) => reported.push(`${code} ${delayMs}`)
    await retry(failingWith([faultOf()]), { attempts: 2, onWait }, fakeContext())
    assert.deepEqual(reported, ['EXCHANGE_UNAVAILABLE 375'])
  })
})
