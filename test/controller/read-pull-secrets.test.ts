import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createPullSecretReader } from '../../src/controller/read-pull-secrets.ts'
import { anyPullSecret } from '../../src/kubernetes/objects/pull-secrets.ts'
import fc from '../support/fast-check.ts'

const word = fc.constantFrom('pullpass:ClusterPullSecret:a', 'kubectl')
const entry = fc.record({
  manager: word,
  fieldsV1: fc.constantFrom(
    { 'f:data': { 'f:.dockerconfigjson': {} } },
    { 'f:type': {} },
    {
      'f:metadata': { 'f:annotations': { 'f:pullpass.dev/target': {} } },
    },
  ),
})
const secret = fc.record({
  metadata: fc.record({
    namespace: word,
    annotations: fc.dictionary(fc.constantFrom('pullpass.dev/target', 'pullpass.dev/document', 'team'), word),
    managedFields: fc.array(entry, { maxLength: 3 }),
  }),
})

suite('pull secrets that stay in memory', () => {
  test('are read as each alone, in any order', () => {
    fc.assert(
      fc.property(fc.array(secret, { maxLength: 6 }), (secrets) => {
        assert.deepEqual(secrets.map(createPullSecretReader()), secrets.map(anyPullSecret))
      }),
    )
  })

  test('share the owners that they have in common with the one before', () => {
    const managedFields = [
      { manager: 'pullpass:ClusterPullSecret:a', fieldsV1: { 'f:data': { 'f:.dockerconfigjson': {} } } },
    ]
    const [one, other] = ['team-a', 'team-b']
      .map((namespace) => ({ metadata: { namespace, managedFields } }))
      .map(createPullSecretReader())
    assert.deepEqual([one?.namespace, other?.namespace], ['team-a', 'team-b'])
    assert.equal(one?.owners, other?.owners)
  })
})
