/** Missing and terminating namespaces, and garbage collection.
 *  https://kubernetes.io/docs/concepts/architecture/garbage-collection/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accountsOf,
  type ContractCluster,
  eventually,
  mergePatch,
  pullSecret,
  secretsOf,
  secretWith,
} from '../kubernetes-cluster.ts'

export function namespaceCases(started: () => ContractCluster): void {
  test('an apply into a missing namespace returns 404 and names it', async () => {
    const { status, object } = await started().apply('contract-missing', pullSecret('regcred', 'one'), 'pullpass')

    assert.deepEqual([status, object.message], [404, 'namespaces "contract-missing" not found'])
    assert.deepEqual(object.details, { name: 'contract-missing', kind: 'namespaces' })
  })

  test('a terminating namespace refuses a new Secret: 403 with the cause NamespaceTerminating', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const release = await holdAndDelete(cluster, namespace)

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    await release()

    assert.deepEqual([status, object.reason], [403, 'Forbidden'])
    assert.equal(
      object.message,
      `secrets "regcred" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    )
    assert.deepEqual(object.details?.causes, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ])
  })

  test('a finalizer without its controller blocks the deletion of the namespace until it is removed', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const release = await holdAndDelete(cluster, namespace)
    const request = () => cluster.request({ path: `/api/v1/namespaces/${namespace}` })

    const stuck = await request()
    await release()
    const gone = await eventually(request, ({ status }) => status === 404)

    assert.equal(typeof stuck.object.status === 'object' && stuck.object.status.phase, 'Terminating')
    assert.equal(gone.status, 404)
  })

  test('a new namespace gets the ServiceAccount default', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await eventually(
      () => cluster.request({ path: `${accountsOf(namespace)}/default` }),
      (response) => response.status === 200,
    )

    assert.equal(status, 200)
  })

  test('a Secret is deleted with its owner', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { object: owner } = await cluster.apply(namespace, secretWith('owner'), 'pullpass')
    await cluster.apply(namespace, ownedBy(owner.metadata?.uid ?? ''), 'pullpass')

    await cluster.request({ method: 'DELETE', path: `${secretsOf(namespace)}/owner` })
    const { status } = await eventually(
      () => cluster.readSecret(namespace, 'owned'),
      (response) => response.status === 404,
    )

    assert.equal(status, 404)
  })

  test('a Secret whose ownerReference names a missing object is deleted', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    await cluster.apply(namespace, ownedBy('11111111-2222-4333-8444-555555555555'), 'pullpass')
    const { status } = await eventually(
      () => cluster.readSecret(namespace, 'owned'),
      (response) => response.status === 404,
    )

    assert.equal(status, 404)
  })
}

const ownedBy = (uid: string) =>
  secretWith('owned', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 'owner', uid }] })

/** Deletes the namespace while a Secret with a finalizer blocks it; returns a function that removes the finalizer. */
async function holdAndDelete(cluster: ContractCluster, namespace: string): Promise<() => Promise<void>> {
  const path = `${secretsOf(namespace)}/held`
  await cluster.apply(namespace, secretWith('held', {}, { finalizers: ['contract.example/hold'] }), 'contract')
  await cluster.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
  return async () => {
    await cluster.request({ method: 'PATCH', path, contentType: mergePatch, body: { metadata: { finalizers: null } } })
  }
}
