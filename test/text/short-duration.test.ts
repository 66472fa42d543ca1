import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortDuration } from '../../src/text/time.ts'

test('a duration is shown in the largest unit of which it is a whole number', () => {
  assert.deepEqual([172_800_000, 5_400_000, 1000, 1500].map(shortDuration), ['48h', '90m', '1s', '1.5s'])
})
