/** Field ownership of a Secret: how managers acquire, share and lose fields.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiResponse } from '../kubernetes-client.ts'
import {
  type ContractCluster,
  dockerConfig,
  mergePatch,
  pullSecret,
  secretsOf,
  secretWith,
  strategicMergePatch,
} from '../kubernetes-cluster.ts'

const ours = 'pullpass:ClusterPullSecret:registry'

export function ownershipCases(started: () => ContractCluster): void {
  test('an applier owns each field that it applied, in the format of managedFields', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const metadata = { labels: { team: 'a' }, annotations: { 'pullpass.dev/target': 'x' } }

    const { object } = await cluster.apply(namespace, pullSecret('regcred', 'one', metadata), ours)

    const [entry, ...others] = object.metadata?.managedFields ?? []
    assert.deepEqual(others, [])
    assert.deepEqual([entry?.manager, entry?.operation, entry?.apiVersion], [ours, 'Apply', 'v1'])
    assert.deepEqual(entry?.fieldsV1, {
      'f:data': { 'f:.dockerconfigjson': {} },
      'f:metadata': { 'f:annotations': { 'f:pullpass.dev/target': {} }, 'f:labels': { 'f:team': {} } },
      'f:type': {},
    })
  })

  test('a client-side writer also owns the maps that it created', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const path = `${secretsOf(namespace)}?fieldManager=kubectl-create`

    const { object } = await cluster.request({ method: 'POST', path, body: pullSecret('regcred', 'one') })

    assert.deepEqual(ownersOf(object), {
      'kubectl-create Update': { 'f:data': { '.': {}, 'f:.dockerconfigjson': {} }, 'f:type': {} },
    })
  })

  test('two appliers with the same name overwrite each other without a conflict', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'zero'), ours)

    const responses = await race(cluster, namespace, [ours, ours])

    assert.deepEqual(responses.flat(), Array(10).fill(200))
  })

  test('of two appliers with different names, exactly one gets 409', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const responses = await Promise.all(
      Array.from({ length: 20 }, async (_, round) => {
        const statuses = await Promise.all(
          ['one', 'two'].map((name) => cluster.apply(namespace, pullSecret(`race-${round}`, name), `pullpass:${name}`)),
        )
        return statuses.map(({ status }) => status).toSorted((one, other) => one - other)
      }),
    )

    assert.deepEqual(
      responses,
      Array.from({ length: 20 }, () => [201, 409]),
    )
  })

  test('a forced apply by another tool takes the data and keeps our annotations', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one', { annotations: { ours: 'yes' } }), ours)

    const { object } = await cluster.apply(namespace, pullSecret('regcred', 'two'), 'other', { query: '&force=true' })

    assert.equal(object.metadata?.annotations?.['ours'], 'yes')
    assert.deepEqual(ownersOf(object), {
      [`${ours} Apply`]: { 'f:metadata': { 'f:annotations': { 'f:ours': {} } }, 'f:type': {} },
      'other Apply': { 'f:data': { 'f:.dockerconfigjson': {} }, 'f:type': {} },
    })
  })

  test('a client-side write by another tool takes the data and keeps our annotations', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one', { annotations: { ours: 'yes' } }), ours)

    const { object } = await cluster.request({
      method: 'PATCH',
      path: `${secretsOf(namespace)}/regcred?fieldManager=kubectl-client-side-apply`,
      contentType: strategicMergePatch,
      body: { data: { '.dockerconfigjson': dockerConfig('two') } },
    })

    assert.equal(object.metadata?.annotations?.['ours'], 'yes')
    assert.deepEqual(ownersOf(object), {
      [`${ours} Apply`]: { 'f:metadata': { 'f:annotations': { 'f:ours': {} } }, 'f:type': {} },
      'kubectl-client-side-apply Update': { 'f:data': { 'f:.dockerconfigjson': {} } },
    })
  })

  test('a PUT owns what it changes, with the name from its User-Agent', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one', { labels: { ours: 'yes' } }), ours)

    const { status, object } = await cluster.request({
      method: 'PUT',
      path: `${secretsOf(namespace)}/regcred`,
      body: pullSecret('regcred', 'two'),
      userAgent: 'Terraform/1.9 (linux)',
    })

    assert.deepEqual([status, object.metadata?.labels], [200, undefined])
    assert.deepEqual(ownersOf(object), {
      [`${ours} Apply`]: { 'f:type': {} },
      'Terraform Update': { 'f:data': { 'f:.dockerconfigjson': {} } },
    })
  })

  test('an unforced apply of an equal value co-owns it', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'same'), ours)

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'same'), 'other')

    const all = { 'f:data': { 'f:.dockerconfigjson': {} }, 'f:type': {} }
    assert.equal(status, 200)
    assert.deepEqual(ownersOf(object), { [`${ours} Apply`]: all, 'other Apply': all })
  })

  test('a co-owned field is kept when one of its owners omits it', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const labelled = pullSecret('regcred', 'same', { labels: { team: 'a' } })
    await cluster.apply(namespace, labelled, ours)
    await cluster.apply(namespace, labelled, 'other')

    const shared = await cluster.apply(namespace, pullSecret('regcred', 'same'), 'other')
    const dropped = await cluster.apply(namespace, pullSecret('regcred', 'same'), ours)

    assert.deepEqual(shared.object.metadata?.labels, { team: 'a' })
    assert.equal(dropped.object.metadata?.labels, undefined)
  })

  test('after a forced apply the previous manager keeps type and extra keys until it applies an empty object', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const data = { '.dockerconfigjson': dockerConfig('one'), extra: 'YQ==' }
    await cluster.apply(namespace, { ...pullSecret('regcred', 'one'), data }, 'old')

    const taken = await cluster.apply(namespace, pullSecret('regcred', 'two'), ours, { query: '&force=true' })
    const left = await cluster.apply(namespace, secretWith('regcred'), 'old')

    assert.deepEqual(ownersOf(taken.object)['old Apply'], { 'f:data': { 'f:extra': {} }, 'f:type': {} })
    assert.deepEqual(Object.keys(taken.object.data ?? {}).toSorted(), ['.dockerconfigjson', 'extra'])
    assert.deepEqual(left.object.data, { '.dockerconfigjson': dockerConfig('two') })
    assert.deepEqual(Object.keys(ownersOf(left.object)), [`${ours} Apply`])
  })

  test('a server-side apply by the usual script gets 409, and succeeds only with force', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'ours'), ours)

    const refused = await cluster.apply(namespace, pullSecret('regcred', 'script'), 'kubectl')
    const forced = await cluster.apply(namespace, pullSecret('regcred', 'script'), 'kubectl', { query: '&force=true' })

    assert.deepEqual([refused.status, forced.status], [409, 200])
    assert.equal(forced.object.data?.['.dockerconfigjson'], dockerConfig('script'))
  })

  test('our forced apply takes the data back after an edit', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one'), ours)
    await cluster.request({
      method: 'PATCH',
      path: `${secretsOf(namespace)}/regcred?fieldManager=kubectl-edit`,
      contentType: mergePatch,
      body: { data: { '.dockerconfigjson': dockerConfig('edited') } },
    })
    const edited = await cluster.readSecret(namespace, 'regcred')
    const { uid, resourceVersion } = edited.object.metadata ?? {}

    const { status, object } = await cluster.apply(
      namespace,
      pullSecret('regcred', 'two', { uid, resourceVersion }),
      ours,
      {
        query: '&force=true',
      },
    )

    assert.equal(status, 200)
    assert.deepEqual(Object.keys(ownersOf(object)), [`${ours} Apply`])
  })

  test('without managedFields an apply conflicts with before-first-apply', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'one'), ours)
    const stripped = await cluster.request({
      method: 'PATCH',
      path: `${secretsOf(namespace)}/regcred`,
      contentType: mergePatch,
      body: { metadata: { managedFields: [{}] } },
    })

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'two'), ours)

    assert.equal(stripped.object.metadata?.managedFields, undefined)
    assert.equal(status, 409)
    assert.equal(
      object.message,
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data..dockerconfigjson',
    )
  })
}

/** Five rounds; in each of them all managers apply different values concurrently. */
async function race(cluster: ContractCluster, namespace: string, managers: readonly string[]): Promise<number[][]> {
  const rounds: number[][] = []
  for (let round = 0; round < 5; round += 1) {
    const applies = managers.map((manager, at) =>
      cluster.apply(namespace, pullSecret('regcred', `${round} ${at}`), manager),
    )
    rounds.push((await Promise.all(applies)).map(({ status }) => status))
  }
  return rounds
}

/** Fields by `MANAGER OPERATION`. */
const ownersOf = (object: ApiResponse['object']): Record<string, object> =>
  Object.fromEntries(
    (object.metadata?.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [
      `${manager} ${operation}`,
      fieldsV1,
    ]),
  )
