/** Server-side apply of a pull secret: its responses and its writes.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ContractCluster,
  dockerConfig,
  mergePatch,
  metadataOnly,
  pullSecret,
  secretsOf,
  secretWith,
} from '../kubernetes-cluster.ts'

export function applyCases(started: () => ContractCluster): void {
  test('an apply returns 201 when it creates and 200 when it updates', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const created = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    const updated = await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass')

    assert.deepEqual([created.status, updated.status], [201, 200])
    assert.equal(updated.object.data?.['.dockerconfigjson'], dockerConfig('two'))
    assert.equal(updated.object.metadata?.uid, created.object.metadata?.uid)
  })

  test('an apply accepts YAML as well as JSON', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const yaml = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\ndata:\n  key: dmFsdWU=\n'

    const { status, object } = await cluster.apply(namespace, secretWith('regcred'), 'pullpass', { body: yaml })

    assert.deepEqual([status, object.data], [201, { key: 'dmFsdWU=' }])
  })

  test('a metadata-only response to an apply contains no secret data', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { object, text } = await cluster.apply(namespace, pullSecret('regcred', 'hidden'), 'pullpass', {
      accept: metadataOnly,
    })

    assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1'])
    assert.equal(object.metadata?.name, 'regcred')
    assert.equal(text.includes(dockerConfig('hidden')), false)
  })

  test('an unchanged apply writes nothing', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const secret = pullSecret('regcred', 'same', { annotations: { 'pullpass.dev/document': 'one' } })

    const first = await cluster.apply(namespace, secret, 'pullpass')
    const second = await cluster.apply(namespace, secret, 'pullpass')

    assert.equal(second.status, 200)
    assert.deepEqual(second.object.metadata, first.object.metadata)
  })

  test('an apply whose JSON document has another key order is a write', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const data = (json: string) => ({ data: { config: Buffer.from(json).toString('base64') } })

    const first = await cluster.apply(namespace, secretWith('regcred', data('{"a":1,"b":2}')), 'pullpass')
    const second = await cluster.apply(namespace, secretWith('regcred', data('{"b":2,"a":1}')), 'pullpass')

    assert.notEqual(second.object.metadata?.resourceVersion, first.object.metadata?.resourceVersion)
  })

  test('a resourceVersion is ignored while the object does not exist', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await cluster.apply(
      namespace,
      pullSecret('regcred', 'one', { resourceVersion: '1' }),
      'pullpass',
    )

    assert.equal(status, 201)
  })

  test('a key that is omitted from stringData is kept', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, secretWith('words', { stringData: { old: 'a' } }), 'pullpass')

    const { object } = await cluster.apply(namespace, secretWith('words', { stringData: { new: 'b' } }), 'pullpass')

    assert.deepEqual(object.data, { old: 'YQ==', new: 'Yg==' })
  })

  test('a key that is omitted from data is removed', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, secretWith('words', { data: { old: 'YQ==' } }), 'pullpass')

    const { object } = await cluster.apply(namespace, secretWith('words', { data: { new: 'Yg==' } }), 'pullpass')

    assert.deepEqual(object.data, { new: 'Yg==' })
  })

  test('the default type is Opaque', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { object } = await cluster.apply(namespace, secretWith('words', { data: { key: 'YQ==' } }), 'pullpass')

    assert.equal(object.type, 'Opaque')
  })

  test('a dry run returns the response of a write and writes nothing', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass', {
      query: '&dryRun=All',
    })

    assert.equal(status, 201)
    assert.equal((await cluster.readSecret(namespace, 'regcred')).status, 404)
  })

  test('an apply can remove last-applied-configuration: set to an empty string, then omitted', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
    const path = `${secretsOf(namespace)}/regcred`
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    await cluster.request({
      method: 'PATCH',
      path,
      contentType: mergePatch,
      body: { metadata: { annotations: { [annotation]: '{"data":"a whole credential"}' } } },
      userAgent: 'kubectl/v1.34.4',
    })
    const shown = await cluster.request({ path, accept: metadataOnly })

    await cluster.apply(namespace, pullSecret('regcred', 'one', { annotations: { [annotation]: '' } }), 'pullpass', {
      query: '&force=true',
    })
    const { object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    assert.equal(shown.object.metadata?.annotations?.[annotation], '{"data":"a whole credential"}')
    assert.equal(object.metadata?.annotations, undefined)
  })
}
