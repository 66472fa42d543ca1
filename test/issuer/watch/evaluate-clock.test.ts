import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { SubjectToken } from '../../../src/identity/subject-token.ts'
import { evaluateClock } from '../../../src/publish/watch/clock.ts'
import { Redacted } from '../../../src/text/redacted.ts'

const now = new Date('2026-11-24T12:00:00Z')
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000)
const tokenOf = (issuedAt: Date | undefined): { token: SubjectToken } => ({
  token: {
    value: new Redacted('token'),
    issuer: 'https://oidc.example.com',
    subject: 'system:serviceaccount:default:default',
    audiences: [],
    issuedAt,
    expiresAt: later(60),
    keyId: undefined,
    algorithm: undefined,
    accountUid: undefined,
    pod: undefined,
    node: undefined,
  },
})
const refused = { token: new PullpassError({ code: 'TOKEN_REQUEST_REFUSED', hop: 'subject-token', seen: 'none' }) }

suite('a clock', () => {
  const rows = {
    'that agrees with every API server is believed': { readings: [tokenOf(later(-1)), tokenOf(now)], ages: 'count' },
    'that is 5 minutes from one is believed': { readings: [tokenOf(later(5))], ages: 'count' },
    'that is 6 minutes behind one of two is not': { readings: [tokenOf(now), tokenOf(later(6))], ages: 'paused' },
    'that is two days ahead is not': { readings: [tokenOf(later(-2880))], ages: 'paused' },
    'without another clock to compare is not': { readings: [refused], ages: 'paused' },
    'with a token that names no time is not': { readings: [tokenOf(undefined)], ages: 'paused' },
  } as const
  for (const [title, { readings, ages }] of Object.entries(rows)) {
    test(title, () => assert.equal(evaluateClock(readings, now).ages, ages))
  }

  test('that differs is reported, with both times', () => {
    const { alarms } = evaluateClock([tokenOf(later(-2880))], now)
    assert.deepEqual(
      alarms.map(({ code, seen }) => [code, seen]),
      [
        [
          'CLOCK_SKEWED',
          'an API server signs a token at 2026-11-22T12:00:00Z, and the clock here shows 2026-11-24T12:00:00Z: until they agree, no key is withdrawn for its age',
        ],
      ],
    )
  })

  test('what is seen now is dated by the latest of them, so that no key grows old too soon', () => {
    assert.deepEqual(evaluateClock([tokenOf(later(30)), tokenOf(later(-30))], now).seenAt, later(30))
    assert.deepEqual(evaluateClock([refused], now).seenAt, now)
  })
})
