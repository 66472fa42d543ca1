import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeFields,
  encodeFields,
  inOrder,
  member,
  printPath,
} from '../../../../sandbox/kubernetes/fields/field-set.ts'
import fc from '../../../support/fast-check.ts'

const element = fc.constantFrom('f:metadata', 'f:data', 'f:a', 'f:.dockerconfigjson', 'k:{"uid":"1"}', 'v:"x"')
const path = fc.array(element, { minLength: 1, maxLength: 4 })

test('any set of fields is decoded from its encoding unchanged', () => {
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const fields = new Set(paths.map(member))
      assert.deepEqual([...decodeFields(encodeFields(fields))].toSorted(), [...fields].toSorted())
    }),
  )
})

test('a field that is owned in addition to its content is encoded as a dot', () => {
  const fields = new Set([['f:data'], ['f:data', 'f:key']].map(member))

  assert.deepEqual(encodeFields(fields), { 'f:data': { '.': {}, 'f:key': {} } })
})

test('at each level owned fields precede parents of owned fields', () => {
  const fields = new Set(
    [['f:metadata', 'f:labels', 'f:a'], ['f:type'], ['f:data', 'f:b'], ['f:data', 'f:a']].map(member),
  )

  assert.deepEqual(inOrder(fields).map(printPath), ['.type', '.data.a', '.data.b', '.metadata.labels.a'])
})

for (const [fields, printed] of [
  [['f:data', 'f:.dockerconfigjson'], '.data..dockerconfigjson'],
  [['f:metadata', 'f:finalizers', 'v:"example.com/a"'], '.metadata.finalizers[="example.com/a"]'],
  [['f:metadata', 'f:ownerReferences', 'k:{"uid":"1"}'], '.metadata.ownerReferences[uid="1"]'],
] as const) {
  test(`a path is printed as ${printed}`, () => {
    assert.equal(printPath(fields), printed)
  })
}
