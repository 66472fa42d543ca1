import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { ResponseTooLarge } from '../../../src/http/transport.ts'
import { type AttemptState, nextAttemptMs, type Outcome } from '../../../src/kubernetes/connection/attempts.ts'
import fc from '../../support/fast-check.ts'

const now = new Date('2026-11-24T12:00:00Z')
const responseOf = (status: number, retryAt?: Date): Outcome => ({ kind: 'response', status, retryAt })
const failed = (error: unknown): Outcome => ({ kind: 'failed', error })
const first: AttemptState = { attempt: 1, elapsedMs: 0, server: 'responded' }
const systemError = (code: string) => Object.assign(new Error(code), { code })

suite('a request to the API server is made again', () => {
  const again: [string, Outcome, number][] = [
    ['after a reset, soon', failed(systemError('ECONNRESET')), 75],
    ['after 503, soon', responseOf(503), 75],
    ['after 500, soon: an admission webhook may be starting', responseOf(500), 75],
    ['after 429, at the time that it states', responseOf(429, new Date('2026-11-24T12:00:02Z')), 2_000],
    ['after 429 that names no time, soon', responseOf(429), 75],
  ]
  for (const [title, outcome, delayMs] of again) {
    test(title, () => assert.equal(nextAttemptMs(outcome, first, 0.5, now), delayMs))
  }

  const never: [string, Outcome][] = [
    ['after a good response', responseOf(200)],
    ['after a refusal', responseOf(403)],
    ['after a conflict: the caller reads the object first', responseOf(409)],
    ['after a redirect', responseOf(302)],
    [
      'for an object that is larger than etcd stores',
      { kind: 'response', status: 500, retryAt: undefined, isTooLarge: true },
    ],
    ['for a host name that does not exist', failed(systemError('ENOTFOUND'))],
    ['after a response that was too long', failed(new ResponseTooLarge(1))],
    [
      'with a CA file that is none',
      failed(new PullpassError({ code: 'CA_FILE_INVALID', hop: 'kubernetes', seen: '' })),
    ],
    ['if Retry-After is longer than a run retries', responseOf(429, new Date('2026-11-24T12:02:01Z'))],
  ]
  for (const [title, outcome] of never) {
    test(`never ${title}`, () => assert.equal(nextAttemptMs(outcome, first, 0.5, now), undefined))
  }

  test('for two minutes if the server responded before, otherwise for ten seconds', () => {
    const late = (server: AttemptState['server'], elapsedMs: number) =>
      nextAttemptMs(responseOf(503), { attempt: 1, elapsedMs, server }, 0.5, now)
    assert.equal(late('responded', 119_900), 75)
    assert.equal(late('responded', 119_950), undefined)
    assert.equal(late('silent', 9_900), 75)
    assert.equal(late('silent', 9_950), undefined)
  })

  test('for as long as the request itself permits, where that is shorter', () => {
    const late = (elapsedMs: number) =>
      nextAttemptMs(responseOf(503), { attempt: 1, elapsedMs, server: 'responded', retryForMs: 5_000 }, 0.5, now)
    assert.deepEqual([late(4_900), late(4_950)], [75, undefined])
  })

  test('later each time, spread by chance, and never after more than five seconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const delayMs = nextAttemptMs(responseOf(503), { ...first, attempt }, random, now) ?? Number.NaN
          const fullMs = Math.min(5_000, 100 * 2 ** (attempt - 1))
          assert.ok(delayMs >= fullMs / 2 && delayMs <= fullMs)
        },
      ),
    )
  })
})
