import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fieldManager } from '../../../src/kubernetes/objects/apply-pull-secret.ts'
import fc from '../../support/fast-check.ts'

suite('the field manager', () => {
  test('names the document: kind, namespace and name', () => {
    assert.equal(
      fieldManager({ kind: 'PullSecret', namespace: 'team-a', name: 'artifact-registry' }),
      'pullpass:PullSecret:team-a/artifact-registry',
    )
  })

  test('has no namespace where the document has none', () => {
    assert.equal(
      fieldManager({ kind: 'ClusterPullSecret', name: 'artifact-registry' }),
      'pullpass:ClusterPullSecret:artifact-registry',
    )
  })

  test('is whole at 128 bytes, and a hash over it', () => {
    const prefix = 'pullpass:ClusterPullSecret:'
    const fits = 'a'.repeat(128 - prefix.length)
    assert.equal(fieldManager({ kind: 'ClusterPullSecret', name: fits }), prefix + fits)
    assert.equal(
      fieldManager({ kind: 'ClusterPullSecret', name: `${fits}a` }),
      'pullpass:a58a3c48282a6900bc026595c21af81a3578eda538a2c6019124fe8bb87eb3ee',
    )
  })

  test('is never longer than the API server takes, and differs for different documents', () => {
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
    fc.assert(
      fc.property(name, name, (one, other) => {
        const [a, b] = [one, other].map((text) => fieldManager({ kind: 'ClusterPullSecret', name: text }))
        assert.ok(Buffer.byteLength(a ?? '') <= 128)
        assert.equal(a === b, one === other)
      }),
    )
  })
})
