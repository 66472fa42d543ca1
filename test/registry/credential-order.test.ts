import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { credentialOrder } from '../../src/registry/match-credentials.ts'

const image = { host: 'quay.io', repository: 'org/app' }

suite('of the pull secrets of a pod, a kubelet tries', () => {
  test('every credential that fits, the longest key first, whichever secret it is in', () => {
    const secrets = [
      { name: 'regcred', keys: ['quay.io', 'example.com'] },
      { name: 'other', keys: ['quay.io/org/', '*.io'] },
    ]
    assert.deepEqual(credentialOrder(secrets, image), [
      { secret: 'other', key: 'quay.io/org/' },
      { secret: 'regcred', key: 'quay.io' },
      { secret: 'other', key: '*.io' },
    ])
  })

  test('of equal keys that of the secret which the pod names first, however the key is spelt', () => {
    const secrets = [
      { name: 'first', keys: ['quay.io'] },
      { name: 'second', keys: ['https://quay.io/v2/'] },
      { name: 'third', keys: ['quay.io'] },
    ]
    const names = (order: readonly (typeof secrets)[number][]) =>
      credentialOrder(order, image).map(({ secret }) => secret)
    assert.deepEqual(names(secrets), ['first', 'second', 'third'])
    assert.deepEqual(names(secrets.toReversed()), ['third', 'second', 'first'])
  })

  test("Docker Hub's old key never, where another secret has a key that fits", () => {
    const hub = { host: 'docker.io', repository: 'org/app' }
    const old = { name: 'regcred', keys: ['index.docker.io'] }
    assert.deepEqual(credentialOrder([old], hub), [{ secret: 'regcred', key: 'index.docker.io' }])
    assert.deepEqual(credentialOrder([old, { name: 'other', keys: ['docker.io'] }], hub), [
      { secret: 'other', key: 'docker.io' },
    ])
  })
})
