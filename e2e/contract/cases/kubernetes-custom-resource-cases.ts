/** ClusterPullSecrets: absent until their definition is installed, a status of their own, and what its deletion does.
 *  https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPatch, type ContractCluster, mergePatch, pullSecret } from '../kubernetes-cluster.ts'

const groupVersion = '/apis/pullpass.dev/v1alpha1'
const collection = `${groupVersion}/clusterpullsecrets`
const apiVersion = 'pullpass.dev/v1alpha1'
const kind = 'ClusterPullSecret'
const spec = {
  namespaces: { include: ['default'] },
  serviceAccountRef: { namespace: 'default', name: 'pullpass' },
  registries: [{ name: 'quay', hosts: ['quay.io'], quay: { robot: 'example+puller' } }],
}
const status = {
  observedGeneration: 1,
  secretName: 'one',
  registries: 'quay',
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Fresh',
      message: '1 of 1 namespace is fresh',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
}

export function customResourceCases(started: () => ContractCluster): void {
  const create = async (name: string, metadata: object = {}) =>
    await started().request({
      method: 'POST',
      path: collection,
      body: { apiVersion, kind, metadata: { name, ...metadata }, spec },
    })
  const applyStatus = async (name: string, metadata: object = {}) =>
    await started().request({
      method: 'PATCH',
      path: `${collection}/${name}/status?fieldManager=pullpass-controller&force=true`,
      contentType: applyPatch,
      body: { apiVersion, kind, metadata: { name, ...metadata }, status },
    })
  const statusesOf = async (paths: readonly string[]) =>
    await Promise.all(paths.map(async (path) => (await started().request({ path })).status))

  test('without their definition, neither the version nor the collection exists', async () => {
    assert.deepEqual(await statusesOf([groupVersion, collection]), [404, 404])
  })

  test('with their definition, discovery names them', async () => {
    await started().target.installDefinitions()
    const { text } = await started().request({ path: groupVersion })
    const { resources }: { resources: { name: string; namespaced: boolean }[] } = JSON.parse(text)
    assert.deepEqual(resources.find(({ name }) => name === 'clusterpullsecrets')?.namespaced, false)
  })

  test('a definition is established; an apply of its labels does not change its generation', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusterpullsecrets.pullpass.dev'
    const { object, text } = await started().request({ path })
    const { spec: stated, status: found } = JSON.parse(text)
    assert.deepEqual([object.metadata?.name, stated.names.kind], ['clusterpullsecrets.pullpass.dev', kind])
    assert.deepEqual(
      found.conditions.map((one: { type: string; status: string }) => `${one.type} ${one.status}`).toSorted(),
      ['Established True', 'NamesAccepted True'],
    )
    assert.deepEqual(found.storedVersions, ['v1alpha1'])
    const body = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'clusterpullsecrets.pullpass.dev', labels: { example: 'yes' } },
    }
    const applied = await started().request({
      method: 'PATCH',
      path: `${path}?fieldManager=labels`,
      contentType: applyPatch,
      body,
    })
    assert.deepEqual(
      [applied.status, applied.object.metadata?.labels?.['example'], applied.object.metadata?.generation],
      [200, 'yes', object.metadata?.generation],
    )
  })

  test('the generation counts changes of the spec, and a status does not change it', async () => {
    const created = await create('counted')
    const path = `${collection}/counted`
    const applied = await applyStatus('counted')
    const changed = {
      contentType: mergePatch,
      body: { spec: { deletionPolicy: 'Delete' }, status: { registries: 'x' } },
    }
    const patched = await started().request({ method: 'PATCH', path, ...changed })
    assert.deepEqual(
      [created, applied, patched].map(({ object }) => object.metadata?.generation),
      [1, 1, 2],
    )
    assert.deepEqual(JSON.parse(patched.text).status, status) // a status is written only where it belongs
    const managers = patched.object.metadata?.managedFields?.map(({ manager }) => manager) ?? []
    assert.ok(managers.includes('pullpass-controller'))
  })

  test('an unchanged status is not written', async () => {
    await create('unchanged')
    const first = await applyStatus('unchanged')
    const second = await applyStatus('unchanged')
    assert.equal(second.object.metadata?.resourceVersion, first.object.metadata?.resourceVersion)
  })

  test('a status is refused for an object that does not exist, and from another version than the current one', async () => {
    assert.equal((await applyStatus('absent')).status, 404)
    const { object } = await create('changed')
    const resourceVersion = object.metadata?.resourceVersion
    assert.equal((await applyStatus('changed', { resourceVersion })).status, 200)
    assert.equal((await applyStatus('changed', { resourceVersion })).status, 409)
  })

  test('the deletion of an owner deletes its Secrets; an apply without the reference releases them', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { object } = await create('owner')
    const uid = object.metadata?.uid ?? ''
    const ownerReferences = [{ apiVersion, kind, name: 'owner', uid }]
    const manager = 'pullpass:ClusterPullSecret:owner'
    for (const name of ['owned', 'released'])
      await cluster.apply(namespace, pullSecret(name, 'password', { ownerReferences }), manager)
    await cluster.apply(namespace, pullSecret('released', 'password'), manager)
    await cluster.request({ method: 'DELETE', path: `${collection}/owner` })
    const endMs = Date.now() + 20_000
    while ((await cluster.readSecret(namespace, 'owned')).status !== 404) {
      if (Date.now() > endMs) throw new Error('the Secret was not deleted')
    }
    assert.equal((await cluster.readSecret(namespace, 'released')).status, 200)
  })

  test('deleting the definition deletes each object, ends watches, and nothing is served', async () => {
    const cluster = started()
    const { object } = await create('earlier')
    await create('last')
    const version = object.metadata?.resourceVersion ?? ''
    const path = `${collection}?watch=1&resourceVersion=${version}`
    const watch = cluster.watch({ path }, AbortSignal.timeout(30_000))
    const opened = await watch.next()
    assert.equal(opened.value?.type, 'ADDED')
    const deleted: string[] = []
    const watching = (async () => {
      for await (const event of watch) if (event.type === 'DELETED') deleted.push(event.object.metadata?.name ?? '')
    })()
    await cluster.target.deleteDefinitions()
    await watching
    assert.ok(deleted.includes('last'), deleted.join())
    assert.deepEqual(await statusesOf([groupVersion, collection]), [404, 404])
  })
}
