import { suite, test } from 'node:test'
import { checkFault, plantedFaults, titleOf } from './check-fault.ts'

// kubectl is imitated in all of them: e2e/doctor.test.ts runs the real one.
suite('doctor names each planted fault, and its remedy fixes it:', { concurrency: 4 }, () => {
  for (const fault of plantedFaults) test(titleOf(fault), async (t) => await checkFault(t, fault))
})
