import { suite, test } from 'node:test'
import { runRandomly } from './random-run.ts'

const first = Number(process.env['PULLPASS_TEST_SEED'] ?? 500)

suite('after random faults and a quiet period, every selected namespace has a valid pull secret', () => {
  for (let seed = first; seed < first + 3; seed++) {
    test(`PULLPASS_TEST_SEED=${seed}`, async (t) => void (await runRandomly(t, { seed, rounds: 8, disturbances: 5 })))
  }
})
