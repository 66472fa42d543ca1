import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { cases } from './cases.ts'
import { checkFault } from './check-fault.ts'

for (const [vendor, each] of Object.entries(cases)) {
  suite(`${vendor}: doctor names the fault that`, () => {
    assert.ok(each.faults.length >= 4)
    for (const fault of each.faults) test(fault.title, async (t) => await checkFault(t, each, fault))
  })
}
