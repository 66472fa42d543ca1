import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pullSecretMetadata } from '../../../src/kubernetes/objects/pull-secrets.ts'
import fc from '../../support/fast-check.ts'

const managedFields = [
  {
    manager: 'pullpass:ClusterPullSecret:a',
    fieldsV1: {
      'f:metadata': {
        'f:annotations': { '.': {}, 'f:pullpass.dev/target': {}, 'f:pullpass.dev/document': {} },
        'f:labels': { 'f:app.kubernetes.io/managed-by': {} },
      },
    },
  },
  {
    manager: 'kubectl',
    fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:team': {}, 'f:pullpass.dev/target': {} } } },
  },
  { manager: 'kubectl-edit', fieldsV1: { 'f:data': { 'f:.dockerconfigjson': {} } } },
  { manager: 'kustomize-controller', fieldsV1: { 'f:metadata': { 'f:labels': { 'f:team': {} } }, 'f:type': {} } },
]

suite('a pull secret’s metadata', () => {
  test('contains the owners of the data, the label, and each of our annotations', () => {
    assert.deepEqual(pullSecretMetadata({ metadata: { managedFields } }).owners, {
      data: ['kubectl-edit'],
      label: ['pullpass:ClusterPullSecret:a'],
      annotations: new Map([
        ['pullpass.dev/target', ['pullpass:ClusterPullSecret:a', 'kubectl']],
        ['pullpass.dev/document', ['pullpass:ClusterPullSecret:a']],
      ]),
    })
  })

  test('with more than 100 field managers is that of another owner', () => {
    const [own] = managedFields
    const data = { 'f:data': { 'f:.dockerconfigjson': {} } }
    const others = Array.from({ length: 100 }, (_, index) => ({ manager: `m${index}`, fieldsV1: data }))
    const of = (entries: readonly unknown[]) => pullSecretMetadata({ metadata: { managedFields: entries } })
    assert.equal(of(others).owners.data.length, 100)
    const { owners, typeOwners, ownedBy } = of([own, ...others])
    assert.deepEqual(owners, { data: ['more than 100 field managers'], label: [], annotations: new Map() })
    assert.deepEqual([typeOwners, ownedBy], [['more than 100 field managers'], []])
  })

  test('contains that kubectl’s last-applied-configuration exists, without its value', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': 'sesame', 'pullpass.dev/target': 'a/b' }
    const metadata = pullSecretMetadata({ metadata: { annotations } })
    assert.equal(metadata.lastApplied, 'present')
    assert.deepEqual(metadata.annotations, { 'pullpass.dev/target': 'a/b' })
    assert.doesNotMatch(JSON.stringify(metadata), /sesame/)
  })

  test('contains only annotations that can be part of a record', () => {
    const annotations = {
      'pullpass.dev/target': 'a/b',
      'pullpass.dev/document': 'x'.repeat(513),
      'pullpass.dev/registries': 'x'.repeat(65_537),
      'pullpass.dev/other': 'x',
    }
    assert.deepEqual(pullSecretMetadata({ metadata: { annotations } }).annotations, { 'pullpass.dev/target': 'a/b' })
  })

  test('is ours by its label alone where that is pullpass', () => {
    const labelled = (value: string) =>
      pullSecretMetadata({ metadata: { labels: { 'app.kubernetes.io/managed-by': value } } }).labelled
    assert.equal(labelled('pullpass'), true)
    assert.equal(labelled('Helm'), false)
  })

  test('contains whether it is being deleted', () => {
    assert.equal(pullSecretMetadata({ metadata: { deletionTimestamp: '2026-11-24T12:00:00Z' } }).deleting, true)
  })

  test('is read from any JSON without a fault', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('metadata', 'data'), fc.jsonValue()), (secret) => {
        assert.equal(typeof pullSecretMetadata(secret).namespace, 'string')
      }),
    )
    const field = fc.constantFrom('managedFields', 'annotations', 'labels', 'uid', 'name')
    fc.assert(
      fc.property(fc.dictionary(field, fc.jsonValue()), (metadata) => {
        assert.ok(Array.isArray(pullSecretMetadata({ metadata }).owners.data))
      }),
    )
  })
})
