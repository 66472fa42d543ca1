import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { instantAndDistance, relativeTime } from '../../src/terminal/table.ts'

const now = new Date('2025-11-24T12:00:00Z')

suite('relativeTime', () => {
  const instants: Record<string, string> = {
    '2025-11-24T12:00:00.900Z': 'now',
    '2025-11-24T12:00:45Z': 'in 45 s',
    '2025-11-24T12:01:59Z': 'in 119 s',
    '2025-11-24T12:02:00Z': 'in 2 min',
    '2025-11-24T12:58:29Z': 'in 58 min',
    '2025-11-24T12:59:57Z': 'in 60 min',
    '2025-11-24T13:59:29Z': 'in 119 min',
    '2025-11-24T13:59:59Z': 'in 2 h',
    '2025-11-24T14:00:00Z': 'in 2 h',
    '2025-11-26T12:00:00Z': 'in 2 d',
    '2035-11-24T12:00:00Z': 'in 3652 d',
    '2025-11-24T11:59:58Z': '2 s ago',
    '2025-11-24T08:59:00Z': '3 h ago',
  }
  for (const [at, expected] of Object.entries(instants)) {
    test(`at noon, ${at} is ${expected}`, () => assert.equal(relativeTime(new Date(at), now), expected))
  }

  test('an instant is shown in full, with its relative time', () => {
    assert.equal(instantAndDistance(new Date('2025-11-24T12:58:00.500Z'), now), '2025-11-24T12:58:00Z (in 58 min)')
  })
})
