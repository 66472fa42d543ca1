import { suite, test } from 'node:test'
import { runRandomly } from './random-run.ts'

const named = process.env['PULLPASS_TEST_SEED']
/** The first and the last one found faults with a clock that was set back. */
const seeds = named === undefined ? [1, 500, 99_991] : [Number(named)]

suite('after random faults and a quiet period, every selected namespace has a valid pull secret', () => {
  for (const seed of seeds) {
    test(`PULLPASS_TEST_SEED=${seed}`, async (t) => void (await runRandomly(t, { seed, rounds: 8, disturbances: 5 })))
  }
})
