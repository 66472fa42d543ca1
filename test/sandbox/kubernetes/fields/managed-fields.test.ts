import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyFields, type Owner } from '../../../../sandbox/kubernetes/fields/managed-fields.ts'
import { secret } from '../../../../sandbox/kubernetes/kinds/secret.ts'
import fc from '../../../support/fast-check.ts'

const values = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('YQ==', 'Yg=='), { noNullPrototype: true })
const applied = fc.record({ data: values, metadata: fc.record({ labels: values, annotations: values }) })
const applies = fc.array(fc.tuple(fc.constantFrom('one', 'two', 'three'), applied), { minLength: 1, maxLength: 6 })

/** Applies all in order, with force, and returns the result. */
function applyAll(all: readonly (readonly [string, object])[]) {
  let state: { object: unknown; owners: Owner[] } = { object: {}, owners: [] }
  for (const [manager, value] of all) {
    const write = { shape: secret.shape, manager, subresource: '', time: 'now' }
    const { object, owners } = applyFields(write, state.object, value, state.owners)
    state = { object, owners }
  }
  return state
}

test('the same apply again changes nothing', () => {
  fc.assert(
    fc.property(applies, (all) => {
      const once = applyAll(all)
      assert.deepEqual(applyAll([...all, ...all.slice(-1)]), once)
    }),
  )
})

test('the last applier owns all fields that it applied', () => {
  fc.assert(
    fc.property(applies, (all) => {
      const [manager, value] = all.at(-1) ?? ['', {}]
      const write = { shape: secret.shape, manager, subresource: '', time: 'now' }
      const { object, owners } = applyAll(all)
      assert.deepEqual(applyFields(write, object, value, owners).conflicts, [])
    }),
  )
})

test('an applier without other owners removes all fields by applying none', () => {
  fc.assert(
    fc.property(applied, (value) => {
      const { object, owners } = applyAll([
        ['one', value],
        ['one', {}],
      ])
      assert.deepEqual([object, owners], [{ metadata: {} }, []])
    }),
  )
})
