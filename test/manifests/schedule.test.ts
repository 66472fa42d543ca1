import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkSchedule, minRemainingMinutes, parseSchedule, scheduleOf } from '../../src/manifests/schedule.ts'
import fc from '../support/fast-check.ts'
import { documentOf } from './document-of.ts'

const at = (namespace: string, changes: Parameters<typeof documentOf>[0] = {}) =>
  scheduleOf([documentOf(changes)], { namespace }).cron

suite('the default schedule', () => {
  test('is every 15 minutes, at minutes derived from namespace and documents', () => {
    assert.equal(at('pullpass-system'), '12-59/15 * * * *')
    assert.equal(at('image-system'), '4-59/15 * * * *')
    assert.equal(at('pullpass-system', { secretName: 'second' }), '3-59/15 * * * *')
  })

  test('does not depend on the folder of the documents', () => {
    assert.equal(at('pullpass-system', { source: 'elsewhere/images.yaml:7' }), at('pullpass-system'))
  })

  test('is spread over all fifteen minutes, and over no other', () => {
    const minutes = Array.from({ length: 300 }, (_, index) => at(`installation-${index}`).replace('-59/15 * * * *', ''))
    assert.deepEqual(
      [...new Set(minutes)].toSorted((left, right) => Number(left) - Number(right)),
      Array.from({ length: 15 }, (_, minute) => String(minute)),
    )
  })

  test('is valid for any document name', () => {
    fc.assert(fc.property(fc.string(), (name) => assert.match(at('a', { name }), /^(\d|1[0-4])-59\/15 \* \* \* \*$/)))
  })
})

suite('a given schedule', () => {
  const apart: [cron: string, minutes: number][] = [
    ['*/15 * * * *', 15],
    ['7-59/15 * * * *', 15],
    ['0,10,30 * * * *', 30],
    ['5/20 * * * *', 20],
    ['* * * * *', 1],
    ['0 * * * *', 60],
    ['*/10 */2 * * *', 70],
    ['0 3 * * *', 1440],
    ['*/10 * * * mon-fri', Number.POSITIVE_INFINITY],
    ['*/10 * 1-15 * *', Number.POSITIVE_INFINITY],
    ['*/10 * * jan-dec ?', 10],
  ]
  for (const [cron, apartMinutes] of apart) {
    test(`${cron} leaves ${apartMinutes} minutes between two runs`, () =>
      assert.deepEqual(parseSchedule(cron), { cron, apartMinutes }))
  }

  for (const cron of [
    '',
    '@hourly',
    '@every 15m',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '*/0 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    'a * * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    'TZ=UTC * * * * *',
    '-1 * * * *',
    ', * * * *',
  ]) {
    test(`"${cron}" is refused`, () => {
      const { expected } = { expected: undefined, ...parseSchedule(cron) }
      assert.match(expected ?? '', /^five fields in cron format/)
    })
  }

  test('allows one run to fail within the lifetime of a credential, or is refused', () => {
    assert.doesNotThrow(() => checkSchedule({ cron: '*/30 * * * *', apartMinutes: 30 }, 3_600))
    assert.throws(() => checkSchedule({ cron: '0 * * * *', apartMinutes: 60 }, 3_600), {
      code: 'USAGE_INVALID',
      seen: '--schedule is "0 * * * *", which leaves 60 minutes between two runs',
      expected: 'at most 30 minutes: a credential of these documents is valid for 60, and one run may fail',
    })
    assert.doesNotThrow(() => checkSchedule({ cron: '0 * * * *', apartMinutes: 60 }, 12 * 3_600))
  })

  test('determines the remaining lifetime below which a run exchanges', () => {
    assert.equal(minRemainingMinutes({ cron: '*/15 * * * *', apartMinutes: 15 }), 35)
    assert.equal(minRemainingMinutes({ cron: '*/5 * * * *', apartMinutes: 5 }), 15)
  })

  test('is parsed or refused for any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseSchedule(text)))
  })
})
