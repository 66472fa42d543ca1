import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseDuration } from '../../src/text/time.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

suite('a duration', () => {
  const durations: Record<string, number | undefined> = {
    '90s': 90_000,
    '30m': 1_800_000,
    '1h30m': 5_400_000,
    '2h0m5s': 7_205_000,
    '0s': 0,
    '': undefined,
    '30': undefined,
    '-5m': undefined,
    '1.5h': undefined,
    '30s5m': undefined,
    '5 m': undefined,
    '1d': undefined,
    '٣s': undefined,
    '123456h': undefined,
  }
  for (const [text, ms] of Object.entries(durations)) {
    test(`${JSON.stringify(text)} is ${ms === undefined ? 'none' : `${ms} ms`}`, () => {
      assert.equal(parseDuration(text), ms)
    })
  }

  test('is the sum of its parts', () => {
    const part = (max: number) => fc.option(fc.nat(max), { nil: undefined })
    fc.assert(
      fc.property(part(99_999), part(999_999), part(99_999_999), (hours, minutes, seconds) => {
        const text = `${hours === undefined ? '' : `${hours}h`}${minutes === undefined ? '' : `${minutes}m`}${seconds === undefined ? '' : `${seconds}s`}`
        fc.pre(text !== '')
        assert.equal(parseDuration(text), ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000)
      }),
    )
  })

  test('is a whole number of milliseconds or none, whatever was written', () => {
    const texts = fc.oneof(anyText(), fc.stringMatching(/^[0-9hms .-]{0,30}$/))
    fc.assert(
      fc.property(texts, (text) => {
        const ms = parseDuration(text)
        assert.ok(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0))
      }),
    )
  })
})
