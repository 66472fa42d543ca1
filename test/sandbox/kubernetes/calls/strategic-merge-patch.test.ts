import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyStrategicMergePatch } from '../../../../sandbox/kubernetes/calls/apply-patch.ts'

const keys = { ownerReferences: 'uid', finalizers: '' }
const merge = (target: object, patch: object) => applyStrategicMergePatch(target, patch, keys)

for (const [does, target, patch, merged] of [
  [
    'merges maps and drops nulls',
    { data: { a: '1', b: '2' } },
    { data: { b: null, c: '3' } },
    { data: { a: '1', c: '3' } },
  ],
  ['replaces a list without a key', { list: ['a'] }, { list: ['b'] }, { list: ['b'] }],
  ['merges finalizers', { finalizers: ['a'] }, { finalizers: ['b'] }, { finalizers: ['b', 'a'] }],
  [
    'removes finalizers by name',
    { finalizers: ['a', 'b'] },
    { '$deleteFromPrimitiveList/finalizers': ['a'] },
    { finalizers: ['b'] },
  ],
  [
    'merges a keyed list by its key',
    { ownerReferences: [{ uid: '1', name: 'a' }] },
    { ownerReferences: [{ uid: '1', name: 'b' }] },
    { ownerReferences: [{ uid: '1', name: 'b' }] },
  ],
  [
    'deletes an item of a keyed list',
    { ownerReferences: [{ uid: '1' }, { uid: '2' }] },
    { ownerReferences: [{ uid: '1', $patch: 'delete' }] },
    { ownerReferences: [{ uid: '2' }] },
  ],
  ['ignores the order of elements', { data: {} }, { '$setElementOrder/finalizers': ['a'] }, { data: {} }],
] as const) {
  test(`a strategic merge patch ${does}`, () => {
    assert.deepEqual(merge(target, patch), merged)
  })
}
