import { suite, test } from 'node:test'
import { runRandomly } from './random-run.ts'

const seed = Number(process.env['PULLPASS_TEST_SEED'] ?? 1)

suite('after random faults and a quiet period, every selected namespace has a valid pull secret', () => {
  test(`PULLPASS_TEST_SEED=${seed}`, async (t) => void (await runRandomly(t, { seed, rounds: 2, disturbances: 6 })))
})
