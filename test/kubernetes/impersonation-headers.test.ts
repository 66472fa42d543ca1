import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { impersonationHeaders } from '../../src/kubernetes/impersonation-headers.ts'

suite('a kubeconfig’s user who acts as another one', () => {
  test('is told to the API server with uid, groups and extra fields', () => {
    assert.deepEqual(
      impersonationHeaders({
        as: 'jane',
        'as-uid': '42',
        'as-groups': ['developers', 'admins'],
        'as-user-extra': { 'example.com/Reason': ['on call'] },
      }),
      {
        'impersonate-user': 'jane',
        'impersonate-uid': '42',
        'impersonate-group': ['developers', 'admins'],
        'impersonate-extra-example.com%2Freason': ['on call'],
      },
    )
  })

  test('is nobody else where the kubeconfig names nobody', () => {
    assert.equal(impersonationHeaders({ token: 'a' }), undefined)
  })
})
