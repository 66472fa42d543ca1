import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'

suite('movable clock', () => {
  const noon = () => new Date('2026-11-24T12:00:00Z')

  for (const [duration, instant] of Object.entries({
    '90 s': '2026-11-24T12:01:30.000Z',
    '50 min': '2026-11-24T12:50:00.000Z',
    '1h': '2026-11-24T13:00:00.000Z',
    '2 d': '2026-11-26T12:00:00.000Z',
    '-5 min': '2026-11-24T11:55:00.000Z',
  }))
    test(`moved by ${duration} from noon it is ${instant}`, () => {
      const clock = createMovableClock(noon)
      clock.advance(duration)

      assert.equal(clock.now().toISOString(), instant)
    })

  test('moves add up', () => {
    const clock = createMovableClock(noon)
    clock.advance('50 min')
    clock.advance('10 min')

    assert.equal(clock.now().toISOString(), '2026-11-24T13:00:00.000Z')
  })

  test('an invalid duration is refused', () => {
    assert.throws(() => createMovableClock(noon).advance('soon'), { message: /"soon" is not a duration/ })
  })
})
