import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { permissionsOf } from '../../src/manifests/permissions.ts'
import { documentOf } from './document-of.ts'

const secretVerbs = ['list', 'create', 'patch']
const secrets = { resource: 'secrets', verbs: secretVerbs, names: ['regcred'] }
const anyNamespace = { resource: 'namespaces', verbs: ['list'] }

suite('the permissions of documents', () => {
  test('if every namespace is listed, nothing is granted cluster-wide', () => {
    assert.deepEqual(permissionsOf([documentOf({ namespaces: { include: ['team-a', 'kube-system'] } })]), [
      { ...secrets, namespace: 'team-a' },
      { ...secrets, namespace: 'kube-system' },
    ])
  })

  test('a listed and excluded namespace gets none', () => {
    const namespaces = { include: ['team-a', 'team-b'], exclude: ['*-b'] }
    assert.deepEqual(permissionsOf([documentOf({ namespaces })]), [{ ...secrets, namespace: 'team-a' }])
  })

  test('a glob needs the Secret of this name in every namespace, and the list of namespaces', () => {
    const namespaces = { include: ['default', 'team-*'] }
    assert.deepEqual(permissionsOf([documentOf({ namespaces })]), [anyNamespace, secrets])
  })

  test('a selector alone needs the same', () => {
    const namespaces = { selector: { matchLabels: { images: 'private' } } }
    assert.deepEqual(permissionsOf([documentOf({ namespaces })]), [anyNamespace, secrets])
  })

  test('a selector with listed namespaces needs their list, and no Secret elsewhere', () => {
    const namespaces = { include: ['team-a'], selector: { matchLabels: { images: 'private' } } }
    assert.deepEqual(permissionsOf([documentOf({ namespaces })]), [anyNamespace, { ...secrets, namespace: 'team-a' }])
  })

  test('attaching needs list and patch on the named ServiceAccounts', () => {
    assert.deepEqual(permissionsOf([documentOf({ attachToServiceAccounts: ['default', 'builder'] })]), [
      { ...secrets, namespace: 'team-a' },
      {
        resource: 'serviceaccounts',
        verbs: ['list', 'patch'],
        names: ['default', 'builder'],
        namespace: 'team-a',
      },
    ])
  })

  test('a token can be requested only for the account of a document', () => {
    const serviceAccountRef = { namespace: 'image-system', name: 'puller' }
    assert.deepEqual(permissionsOf([documentOf({ serviceAccountRef })]).at(-1), {
      resource: 'serviceaccounts/token',
      verbs: ['create'],
      names: ['puller'],
      namespace: 'image-system',
    })
  })

  test('a document with spec.issuer can read the key state, and no other ConfigMap', () => {
    const issuer = { publishTo: 'gs://example-issuer/cluster-1' }
    assert.deepEqual(permissionsOf([documentOf({ issuer })]).at(-1), {
      resource: 'configmaps',
      verbs: ['get'],
      names: ['pullpass-issuer'],
      namespace: 'pullpass-system',
    })
  })

  test('documents with a common namespace share one rule with both names', () => {
    const both = [documentOf(), documentOf({ name: 'others', secretName: 'othercred' }), documentOf({ name: 'again' })]
    assert.deepEqual(permissionsOf(both), [{ ...secrets, names: ['regcred', 'othercred'], namespace: 'team-a' }])
  })

  test('a cluster-wide permission is not repeated in a namespace', () => {
    const everywhere = documentOf({ name: 'everywhere', namespaces: { include: ['*'] } })
    assert.deepEqual(permissionsOf([documentOf(), everywhere]), [anyNamespace, secrets])
  })

  test('no permission includes get on Secrets, or delete', () => {
    const everything = documentOf({
      namespaces: { include: ['*'] },
      attachToServiceAccounts: ['default'],
      serviceAccountRef: { namespace: 'image-system', name: 'puller' },
      conflictPolicy: 'Adopt',
      deletionPolicy: 'Delete',
    })
    const verbs = new Set(permissionsOf([everything]).flatMap((right) => right.verbs))
    assert.deepEqual([...verbs].toSorted(), ['create', 'list', 'patch'])
  })
})
