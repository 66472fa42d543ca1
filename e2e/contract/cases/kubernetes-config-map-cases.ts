/** ConfigMaps: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  applyPatch,
  type ContractCluster,
  configMapsOf,
  eventually,
  manyLabels,
  mergePatch,
} from '../kubernetes-cluster.ts'

export function configMapCases(started: () => ContractCluster): void {
  const apply = (path: string, fields: object, manager = 'pullpass') =>
    started().request({
      method: 'PATCH',
      path: `${path}?fieldManager=${manager}`,
      contentType: applyPatch,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: path.split('/').at(-1) }, ...fields },
    })

  test('an applied ConfigMap contains the keys of each of its managers', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/state`

    const created = await apply(path, { data: { one: '1' } }, 'a')
    const shared = await apply(path, { data: { two: '2' } }, 'b')
    const refused = await apply(path, { data: { one: '3' } }, 'b')

    assert.deepEqual([created.status, shared.status, refused.status], [201, 200, 409])
    assert.deepEqual(shared.object.data, { one: '1', two: '2' })
    assert.equal(refused.object.message, 'Apply failed with 1 conflict: conflict with "a": .data.one')
    assert.deepEqual((await cluster.request({ path })).object.data, { one: '1', two: '2' })
  })

  test('an immutable ConfigMap cannot be changed', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/state`
    await apply(path, { data: { one: '1' }, immutable: true })

    const body = { immutable: false, data: { one: '2' } }
    const { status, object } = await cluster.request({ method: 'PATCH', path, contentType: mergePatch, body })

    assert.equal(status, 422)
    assert.deepEqual(
      object.details?.causes?.map(({ field, message }) => `${field}: ${message}`),
      ['immutable', 'data'].map((field) => `${field}: Forbidden: field is immutable when \`immutable\` is set`),
    )
  })

  test('a merge patch with an older resourceVersion changes nothing', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/state`
    const { object: first } = await apply(path, { data: { one: '1' } })
    const { object: second } = await apply(path, { data: { one: '2' } })
    const patch = (version: string | undefined) =>
      cluster.request({
        method: 'PATCH',
        path,
        contentType: mergePatch,
        body: { metadata: { resourceVersion: version }, data: { one: '3' } },
      })

    const stale = await patch(first.metadata?.resourceVersion)
    const written = await patch(second.metadata?.resourceVersion)

    assert.deepEqual([stale.status, stale.object.reason], [409, 'Conflict'])
    assert.deepEqual([written.status, written.object.data], [200, { one: '3' }])
  })

  test('a key may not be in both data and binaryData', async () => {
    const cluster = started()
    const body = { metadata: { name: 'state' }, data: { key: 'y' }, binaryData: { key: 'eA==' } }

    const { status, object } = await cluster.request({
      method: 'POST',
      path: configMapsOf(await cluster.createNamespace()),
      body,
    })

    assert.equal(status, 422)
    assert.equal(
      object.message,
      'ConfigMap "state" is invalid: data[key]: Invalid value: "key": duplicate of key present in binaryData',
    )
  })

  test('data of a ConfigMap over 1 MiB is refused', async () => {
    const cluster = started()
    const path = configMapsOf(await cluster.createNamespace())
    const create = (name: string, bytes: number) =>
      cluster.request({ method: 'POST', path, body: { metadata: { name }, data: { key: 'x'.repeat(bytes) } } })

    const [most, more] = [await create('most', 1_048_576), await create('more', 1_048_577)]

    assert.deepEqual([most.status, more.status], [201, 422])
    assert.equal(more.object.message, 'ConfigMap "more" is invalid: []: Too long: may not be more than 1048576 bytes')
  })

  test('a ConfigMap whose labels exceed the request limit of etcd is refused with 500, and is accepted in a dry run', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/state`
    await apply(path, { data: { one: '1' } })
    const labels = manyLabels(4_294)
    const label = (query: string) =>
      cluster.request({
        method: 'PATCH',
        path: `${path}${query}`,
        contentType: mergePatch,
        body: { metadata: { labels } },
      })

    const [tried, written] = [await label('?dryRun=All'), await label('')]

    assert.deepEqual([tried.status, written.status], [200, 500])
    assert.deepEqual([written.object.reason, written.object.message], [undefined, 'etcdserver: request is too large'])
  })

  test('a ConfigMap supports only name and namespace as field selectors', async () => {
    const cluster = started()
    const path = configMapsOf(await cluster.createNamespace())

    const { status, object } = await cluster.request({ path: `${path}?fieldSelector=data%3Da` })

    assert.equal(status, 400)
    assert.equal(object.message, '"data" is not a known field selector: only "metadata.name", "metadata.namespace"')
  })

  test('every namespace gets the CA certificates of the API server', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/kube-root-ca.crt`

    const { object } = await eventually(
      () => cluster.request({ path }),
      ({ status }) => status === 200,
    )

    assert.equal(object.data?.['ca.crt'], cluster.target.ca)
  })

  test('deleting a ConfigMap returns a Status with its uid', async () => {
    const cluster = started()
    const path = `${configMapsOf(await cluster.createNamespace())}/state`
    const { object: created } = await apply(path, {})

    const { object } = await cluster.request({ method: 'DELETE', path })

    assert.deepEqual(object.details, { name: 'state', kind: 'configmaps', uid: created.metadata?.uid })
  })
}
