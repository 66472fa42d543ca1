import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountOf, subjectOf } from '../../src/identity/service-account.ts'

test('the subject of a ServiceAccount contains its namespace and name, and no other text is the subject of one', () => {
  const account = { namespace: 'image-system', name: 'pullpass.v1' }
  assert.equal(subjectOf(account), 'system:serviceaccount:image-system:pullpass.v1')
  assert.deepEqual(accountOf(subjectOf(account)), account)
  const others = [
    'repo:acme/app:ref:refs/heads/main',
    'system:serviceaccount:image-system',
    'system:serviceaccount::pullpass',
    'system:serviceaccount:image-system:',
    'system:serviceaccount:image-system:pullpass:more',
    'system:serviceaccounts:image-system:pullpass',
  ]
  for (const other of others) assert.equal(accountOf(other), undefined, other)
})
