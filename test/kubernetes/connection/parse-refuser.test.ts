import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseRefuser } from '../../../src/kubernetes/connection/status.ts'

suite('the component that refused is read from the message of the API server:', () => {
  for (const [kind, name, message] of [
    [
      'policy',
      'labels',
      `secrets "regcred" is forbidden: ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: no`,
    ],
    ['webhook', 'labels.example.com', 'admission webhook "labels.example.com" denied the request: no'],
    ['webhook in dry runs', 'labels.example.com', 'admission webhook "labels.example.com" does not support dry run'],
    [
      'webhook down',
      'labels.example.com',
      'Internal error occurred: failed calling webhook "labels.example.com": failed to call webhook: Post "https://10.0.0.1/": context deadline exceeded',
    ],
    [
      'quota',
      'objects',
      'secrets "regcred" is forbidden: exceeded quota: objects, requested: secrets=1, used: secrets=5, limited: secrets=5',
    ],
  ] as const) {
    test(kind, () => assert.deepEqual(parseRefuser(message), { kind, name }))
  }

  test('none, if the message names none', () => {
    assert.equal(parseRefuser('secrets "regcred" not found'), undefined)
  })

  test('none, if its name comes after the first 4,096 characters', () => {
    assert.equal(parseRefuser(`${'x'.repeat(5000)} admission webhook "a" denied the request`), undefined)
  })
})
