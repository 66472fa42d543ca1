import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { impersonationHeaders } from '../../../src/kubernetes/kubeconfig/impersonation.ts'

const headersOf = (fields: object) => impersonationHeaders({ fields: { ...fields }, file: 'config' })

suite('a kubeconfig’s user that impersonates another one', () => {
  test('is sent to the API server with uid, groups and extra fields', () => {
    assert.deepEqual(
      headersOf({
        as: 'jane',
        'as-uid': '42',
        'as-groups': ['developers', 'admins'],
        'as-user-extra': { 'example.com/Reason(s)': ['on call'] },
      }),
      {
        'impersonate-user': 'jane',
        'impersonate-uid': '42',
        'impersonate-group': ['developers', 'admins'],
        'impersonate-extra-example.com%2Freason%28s%29': ['on call'],
      },
    )
  })

  test('is absent if the kubeconfig names no user to impersonate', () => {
    assert.equal(headersOf({ token: 'a' }), undefined)
    assert.equal(headersOf({ as: '', 'as-groups': [], 'as-user-extra': null }), undefined)
  })

  const unclear: [title: string, fields: object, seen: string][] = [
    ['a number', { as: 12_345 }, 'as in config is a number'],
    ['a list', { as: ['jane'] }, 'as in config is a object'],
    ['a name of two lines', { as: 'jane\nx: y' }, 'as in config contains characters that are not allowed in a header'],
    [
      'a name that a header would spell otherwise',
      { as: 'jané' },
      'as in config contains characters that are not allowed in a header',
    ],
    ['groups that are a text', { as: 'jane', 'as-groups': 'admins' }, 'as-groups in config is not a list'],
    ['groups that are numbers', { as: 'jane', 'as-groups': [1] }, 'as-groups in config contains a number'],
    ['a uid that is a number', { as: 'jane', 'as-uid': 7 }, 'as-uid in config is a number'],
    [
      'extra fields that are a list',
      { as: 'jane', 'as-user-extra': [] },
      'as-user-extra in config is not a map of lists',
    ],
    [
      'an extra field that is a text',
      { as: 'jane', 'as-user-extra': { reason: 'x' } },
      'as-user-extra in config is not a list',
    ],
  ]
  for (const [title, fields, seen] of unclear) {
    test(`as ${title} is refused, rather than left out`, () => {
      assert.throws(() => headersOf(fields), { code: 'KUBECONFIG_INVALID', seen })
    })
  }

  for (const field of ['as-groups', 'as-uid', 'as-user-extra']) {
    test(`by ${field} alone is refused: without a name, pullpass would act as itself`, () => {
      const value = { 'as-groups': ['viewers'], 'as-uid': '7', 'as-user-extra': { reason: ['x'] } }[field]
      assert.throws(() => headersOf({ [field]: value }), {
        code: 'KUBECONFIG_INVALID',
        seen: 'a user in config impersonates a uid, groups or extra fields, but no user',
      })
    })
  }
})
