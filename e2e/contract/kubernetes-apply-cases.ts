/** Server-side apply of a pull secret: what it answers and what it writes.
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
} from './kubernetes-cluster.ts'

export function applyCases(started: () => ContractCluster): void {
  test('an apply answers 201 when it creates and 200 when it updates', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const created = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    const updated = await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass')

    assert.deepEqual([created.status, updated.status], [201, 200])
    assert.equal(updated.object.data?.['.dockerconfigjson'], dockerConfig('two'))
    assert.equal(updated.object.metadata?.uid, created.object.metadata?.uid)
  })

  test('an apply understands YAML as well as JSON', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const yaml = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\ndata:\n  key: dmFsdWU=\n'

    const { status, object } = await cluster.apply(namespace, secretWith('regcred'), 'pullpass', { body: yaml })

    assert.deepEqual([status, object.data], [201, { key: 'dmFsdWU=' }])
  })

  test('a metadata-only answer to an apply holds no secret data', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { object, text } = await cluster.apply(namespace, pullSecret('regcred', 'hidden'), 'pullpass', {
      accept: metadataOnly,
    })

    assert.deepEqual([object.kind, object.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1'])
    assert.equal(object.metadata?.name, 'regcred')
    assert.equal(text.includes(dockerConfig('hidden')), false)
  })

  test('an unchanged apply writes nothing', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const secret = pullSecret('regcred', 'same', { annotations: { 'pullpass.dev/document': 'one' } })

    const first = await cluster.apply(namespace, secret, 'pullpass')
    const second = await cluster.apply(namespace, secret, 'pullpass')

    assert.equal(second.status, 200)
    assert.deepEqual(second.object.metadata, first.object.metadata)
  })

  test('an apply whose JSON document has another key order is a write', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const data = (json: string) => ({ data: { config: Buffer.from(json).toString('base64') } })

    const first = await cluster.apply(namespace, secretWith('regcred', data('{"a":1,"b":2}')), 'pullpass')
    const second = await cluster.apply(namespace, secretWith('regcred', data('{"b":2,"a":1}')), 'pullpass')

    assert.notEqual(second.object.metadata?.resourceVersion, first.object.metadata?.resourceVersion)
  })

  test('a conflict answers 409 and names manager and field', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, pullSecret('regcred', 'ours'), 'pullpass:one')

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'theirs'), 'pullpass:two')

    assert.deepEqual([status, object.reason], [409, 'Conflict'])
    assert.equal(object.message, 'Apply failed with 1 conflict: conflict with "pullpass:one": .data..dockerconfigjson')
    assert.deepEqual(object.details?.causes, [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "pullpass:one"',
        field: '.data..dockerconfigjson',
      },
    ])
  })

  test('a conflict with a client-side writer names its API version', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const path = secretsOf(namespace)
    await cluster.ask({
      method: 'POST',
      path,
      body: pullSecret('regcred', 'theirs'),
      userAgent: 'kubectl/v1.34.4 (linux)',
    })

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'ours'), 'pullpass')

    assert.equal(status, 409)
    assert.equal(
      object.message,
      'Apply failed with 1 conflict: conflict with "kubectl" using v1: .data..dockerconfigjson',
    )
  })

  test('several conflicts are listed by manager', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const labelled = (value: string) => pullSecret('regcred', value, { labels: { team: value } })
    await cluster.apply(namespace, labelled('a'), 'pullpass:one')

    const { object } = await cluster.apply(namespace, labelled('b'), 'pullpass:two')

    assert.equal(
      object.message,
      'Apply failed with 2 conflicts: conflicts with "pullpass:one":\n- .data..dockerconfigjson\n- .metadata.labels.team',
    )
  })

  test('a stale resourceVersion answers 409 without causes', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const first = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass')

    const stale = pullSecret('regcred', 'one', { resourceVersion: first.object.metadata?.resourceVersion })
    const { status, object } = await cluster.apply(namespace, stale, 'pullpass')

    assert.deepEqual([status, object.reason, object.details?.causes], [409, 'Conflict', undefined])
    assert.equal(
      object.message,
      'Operation cannot be fulfilled on secrets "regcred": the object has been modified; please apply your changes to the latest version and try again',
    )
    assert.equal(
      (await cluster.readSecret(namespace, 'regcred')).object.data?.['.dockerconfigjson'],
      dockerConfig('two'),
    )
  })

  test('a resourceVersion is ignored while the object is absent', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { status } = await cluster.apply(
      namespace,
      pullSecret('regcred', 'one', { resourceVersion: '1' }),
      'pullpass',
    )

    assert.equal(status, 201)
  })

  test('a uid means update only: 409 while the object is absent', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const uid = '11111111-2222-4333-8444-555555555555'

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one', { uid }), 'pullpass')

    assert.equal(status, 409)
    assert.equal(
      object.message,
      `Operation cannot be fulfilled on secrets "regcred": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    )
  })

  test('the uid of another object answers 422', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    const uid = '11111111-2222-4333-8444-555555555555'

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'two', { uid }), 'pullpass')

    assert.deepEqual([status, object.reason, object.details?.causes?.[0]?.field], [422, 'Invalid', 'metadata.uid'])
  })

  test('a dropped key of stringData stays', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, secretWith('words', { stringData: { old: 'a' } }), 'pullpass')

    const { object } = await cluster.apply(namespace, secretWith('words', { stringData: { new: 'b' } }), 'pullpass')

    assert.deepEqual(object.data, { old: 'YQ==', new: 'Yg==' })
  })

  test('a dropped key of data goes', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, secretWith('words', { data: { old: 'YQ==' } }), 'pullpass')

    const { object } = await cluster.apply(namespace, secretWith('words', { data: { new: 'Yg==' } }), 'pullpass')

    assert.deepEqual(object.data, { new: 'Yg==' })
  })

  test('the type is immutable: 422 with the field type', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    const opaque = { ...pullSecret('regcred', 'one'), type: 'Opaque' }
    const { status, object } = await cluster.apply(namespace, opaque, 'pullpass')

    assert.equal(status, 422)
    assert.deepEqual(object.details?.causes, [
      { reason: 'FieldValueInvalid', message: 'Invalid value: "Opaque": field is immutable', field: 'type' },
    ])
  })

  test('an omitted type gives Opaque', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { object } = await cluster.apply(namespace, secretWith('words', { data: { key: 'YQ==' } }), 'pullpass')

    assert.equal(object.type, 'Opaque')
  })

  test('a Secret that is set immutable takes no further credential', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    await cluster.apply(namespace, { ...pullSecret('regcred', 'one'), immutable: true }, 'pullpass')

    const { status } = await cluster.apply(namespace, { ...pullSecret('regcred', 'two'), immutable: true }, 'pullpass')

    assert.equal(status, 422)
  })

  test('a rehearsal answers as a write would and writes nothing', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { status } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass', {
      query: '&dryRun=All',
    })

    assert.equal(status, 201)
    assert.equal((await cluster.readSecret(namespace, 'regcred')).status, 404)
  })

  test('an apply without a manager is refused', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), '')

    assert.equal(status, 422)
    assert.equal(
      object.message,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  })

  test('a manager of 128 bytes is taken, one of 129 is refused', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const longest = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'm'.repeat(128))
    const tooLong = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'm'.repeat(129))

    assert.deepEqual([longest.status, tooLong.status], [201, 422])
    assert.match(tooLong.object.message ?? '', /fieldManager: Too long: may not be more than 128 bytes/)
  })

  test('a document that is no JSON is refused, and is not quoted', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const secret = { ...pullSecret('regcred', 'one'), data: { '.dockerconfigjson': 'bm90IGpzb24=' } }

    const { status, object, text } = await cluster.apply(namespace, secret, 'pullpass')

    assert.deepEqual([status, object.details?.causes?.[0]?.field], [422, 'data[.dockerconfigjson]'])
    assert.equal(text.includes('not json'), false)
  })

  test('data over 1 MiB is refused', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const data = (bytes: number) => ({ data: { key: Buffer.alloc(bytes).toString('base64') } })

    const most = await cluster.apply(namespace, secretWith('words', data(1_048_576)), 'pullpass')
    const more = await cluster.apply(namespace, secretWith('words', data(1_048_577)), 'pullpass')

    assert.deepEqual([most.status, more.status], [201, 422])
    assert.equal(more.object.message, 'Secret "words" is invalid: data: Too long: may not be more than 1048576 bytes')
  })

  test('a field that a Secret does not have is refused', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)

    const { status, object } = await cluster.apply(namespace, secretWith('words', { dta: {} }), 'pullpass')

    assert.equal(status, 500)
    assert.equal(
      object.message,
      'failed to create typed patch object (/words; /v1, Kind=Secret): .dta: field not declared in schema',
    )
  })

  test('an apply alone can empty last-applied-configuration: set to nothing, then omitted', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace(t)
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration'
    const path = `${secretsOf(namespace)}/regcred`
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    await cluster.ask({
      method: 'PATCH',
      path,
      contentType: mergePatch,
      body: { metadata: { annotations: { [annotation]: '{"data":"a whole credential"}' } } },
      userAgent: 'kubectl/v1.34.4',
    })
    const shown = await cluster.ask({ path, accept: metadataOnly })

    await cluster.apply(namespace, pullSecret('regcred', 'one', { annotations: { [annotation]: '' } }), 'pullpass', {
      query: '&force=true',
    })
    const { object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    assert.equal(shown.object.metadata?.annotations?.[annotation], '{"data":"a whole credential"}')
    assert.equal(object.metadata?.annotations, undefined)
  })
}
