import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ObjectStore } from '../../../../sandbox/kubernetes/objects/object-store.ts'

const secret = (namespace: string, name: string, value = 'a') => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  value,
})
const createStore = () =>
  new ObjectStore(
    () => new Date('2026-11-24T12:00:00.500Z'),
    () => 'a-uid',
  )

test('an object gets the fields that the server sets', () => {
  const stored = createStore().put(secret('default', 'a'))

  assert.deepEqual(stored.metadata, {
    namespace: 'default',
    name: 'a',
    uid: 'a-uid',
    creationTimestamp: '2026-11-24T12:00:00Z',
    resourceVersion: '2',
  })
})

test('the list of a namespace excludes namespaces with the same prefix', () => {
  const store = createStore()
  for (const namespace of ['team', 'team-a']) store.put(secret(namespace, 'a'))

  assert.deepEqual(
    store.list('Secret', 'team').map(({ metadata }) => metadata.namespace),
    ['team'],
  )
})

test('a list at an earlier version contains the objects of that version', () => {
  const store = createStore()
  store.put(secret('default', 'changed', 'before'))
  store.put(secret('default', 'deleted'))
  const then = store.resourceVersion
  store.put(secret('default', 'changed', 'after'))
  store.remove(secret('default', 'deleted'))
  store.put(secret('default', 'added'))

  assert.deepEqual(
    store.list('Secret', '', then).map(({ metadata, value }) => `${metadata.name} ${String(value)}`),
    ['changed before', 'deleted a'],
  )
})

test('changes before a compaction are removed, those after it are kept', () => {
  const store = createStore()
  store.put(secret('default', 'early'))
  const early = store.resourceVersion
  store.put(secret('default', 'middle'))
  store.compact()
  store.put(secret('default', 'late'))

  assert.equal(store.changesSince(early), undefined)
  assert.deepEqual(
    store.changesSince(store.resourceVersion - 1)?.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ['ADDED late'],
  )
})

test('stored objects are immutable', () => {
  const stored = createStore().put(secret('default', 'a'))

  assert.throws(() => Object.assign(stored.metadata, { name: 'b' }), TypeError)
})
