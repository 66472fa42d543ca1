/** Refused applies, with the messages of the API.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ContractCluster, dockerConfig, pullSecret, secretsOf, secretWith } from '../kubernetes-cluster.ts'

export function refusalCases(started: () => ContractCluster): void {
  test('a conflict returns 409 and names manager and field', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
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

  test('a conflict with a client-side writer names its API version', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const path = secretsOf(namespace)
    await cluster.request({
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

  test('several conflicts are listed by manager', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const labelled = (value: string) => pullSecret('regcred', value, { labels: { team: value } })
    await cluster.apply(namespace, labelled('a'), 'pullpass:one')

    const { object } = await cluster.apply(namespace, labelled('b'), 'pullpass:two')

    assert.equal(
      object.message,
      'Apply failed with 2 conflicts: conflicts with "pullpass:one":\n- .data..dockerconfigjson\n- .metadata.labels.team',
    )
  })

  test('a stale resourceVersion returns 409 without causes', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
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

  test('a uid means update only: 409 if the object does not exist', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const uid = '11111111-2222-4333-8444-555555555555'

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one', { uid }), 'pullpass')

    assert.equal(status, 409)
    assert.equal(
      object.message,
      `Operation cannot be fulfilled on secrets "regcred": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    )
  })

  test('the uid of another object returns 422', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    const uid = '11111111-2222-4333-8444-555555555555'

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'two', { uid }), 'pullpass')

    assert.deepEqual([status, object.reason, object.details?.causes?.[0]?.field], [422, 'Invalid', 'metadata.uid'])
  })

  test('the type is immutable: 422 with the field type', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    const opaque = { ...pullSecret('regcred', 'one'), type: 'Opaque' }
    const { status, object } = await cluster.apply(namespace, opaque, 'pullpass')

    assert.equal(status, 422)
    assert.deepEqual(object.details?.causes, [
      { reason: 'FieldValueInvalid', message: 'Invalid value: "Opaque": field is immutable', field: 'type' },
    ])
  })

  test('an immutable Secret refuses another credential', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, { ...pullSecret('regcred', 'one'), immutable: true }, 'pullpass')

    const { status } = await cluster.apply(namespace, { ...pullSecret('regcred', 'two'), immutable: true }, 'pullpass')

    assert.equal(status, 422)
  })

  test('an apply without a manager is refused', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), '')

    assert.equal(status, 422)
    assert.equal(
      object.message,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  })

  test('a manager of 128 bytes is accepted, one of 129 is refused', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const longest = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'm'.repeat(128))
    const tooLong = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'm'.repeat(129))

    assert.deepEqual([longest.status, tooLong.status], [201, 422])
    assert.match(tooLong.object.message ?? '', /fieldManager: Too long: may not be more than 128 bytes/)
  })

  test('a .dockerconfigjson that is not JSON is refused, and is not quoted', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const secret = { ...pullSecret('regcred', 'one'), data: { '.dockerconfigjson': 'bm90IGpzb24=' } }

    const { status, object, text } = await cluster.apply(namespace, secret, 'pullpass')

    assert.deepEqual([status, object.details?.causes?.[0]?.field], [422, 'data[.dockerconfigjson]'])
    assert.equal(text.includes('not json'), false)
  })

  test('data over 1 MiB is refused', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const data = (bytes: number) => ({ data: { key: Buffer.alloc(bytes).toString('base64') } })

    const most = await cluster.apply(namespace, secretWith('words', data(1_048_576)), 'pullpass')
    const more = await cluster.apply(namespace, secretWith('words', data(1_048_577)), 'pullpass')

    assert.deepEqual([most.status, more.status], [201, 422])
    assert.equal(more.object.message, 'Secret "words" is invalid: data: Too long: may not be more than 1048576 bytes')
  })

  test('a field that a Secret does not have is refused', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status, object } = await cluster.apply(namespace, secretWith('words', { dta: {} }), 'pullpass')

    assert.equal(status, 500)
    assert.equal(
      object.message,
      'failed to create typed patch object (/words; /v1, Kind=Secret): .dta: field not declared in schema',
    )
  })
}
