/** pullpass's watch of a collection: its state, and then changes, on one stream over HTTP/2 or HTTP/1.1. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { metadataOnly as listOfMetadata } from '../../../src/kubernetes/objects/list.ts'
import { watchCollection } from '../../../src/kubernetes/objects/watch.ts'
import { asObject, asText, type JsonObject } from '../../../src/text/json-fields.ts'
import type { ApiServerAddress } from '../kubernetes-client.ts'
import { type ContractCluster, pullSecret, secretsOf } from '../kubernetes-cluster.ts'
import { openPullpassConnection } from '../kubernetes-pullpass-connection.ts'

export function collectionCases(started: () => ContractCluster): void {
  for (const [protocol, limits] of [
    ['HTTP/2', undefined],
    ['HTTP/1.1', { inFlight: 1 }],
  ] as const) {
    test(`pullpass's watch over ${protocol} reports the existing objects, and then each change`, async (t) => {
      const cluster = started()
      const namespace = await cluster.createNamespace()
      await cluster.apply(namespace, pullSecret('regcred', 'hidden'), 'pullpass')
      const { collection, end, requests } = openCollection(t, cluster, namespace, { limits })
      assert.deepEqual(await nextEvent(collection), { type: 'listed', items: ['regcred'] })

      const changed = nextEvent(collection)
      await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass')
      assert.deepEqual(await changed, { type: 'changed', item: 'regcred' })
      const deleted = nextEvent(collection)
      await cluster.request({ method: 'DELETE', path: `${secretsOf(namespace)}/regcred` })
      assert.deepEqual(await deleted, { type: 'deleted', item: 'regcred' })
      assert.deepEqual(requests.map(withoutQuery), [
        'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        `GET ${secretsOf(namespace)}?watch=1`,
      ])

      const pending = collection.next()
      const reason = new Error('no more events are needed')
      end.abort(reason)
      await assert.rejects(pending, reason)
    })
  }

  test('without permission to list, the error of pullpass’s watch names the missing permission', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['watch'], apiGroups: [''], resources: ['secrets'] }])
    const { collection } = openCollection(t, cluster, namespace, { token })
    await assert.rejects(collection.next(), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[list\]/ })
  })

  test('without permission to watch, the error of pullpass’s watch names the missing permission', async (t) => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['list'], apiGroups: [''], resources: ['secrets'] }])
    const { collection } = openCollection(t, cluster, namespace, { token })
    assert.deepEqual(await nextEvent(collection), { type: 'listed', items: [] })
    await assert.rejects(collection.next(), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[watch\]/ })
  })
}

/** Without its version, of which only the form is known. */
export async function nextEvent(collection: OpenedCollection['collection']): Promise<object> {
  const { value } = await collection.next()
  const { resourceVersion, ...event } = value ?? {}
  assert.match(resourceVersion ?? '', /^\d+$/)
  return event
}

/** Of a watch: without its other parameters. */
const withoutQuery = (request: string): string => request.replace(/\?watch=1&.*$/, '?watch=1')

interface CollectionOptions {
  readonly limits?: { readonly inFlight: number } | undefined
  readonly token?: string
  /** Absent: the target itself. */
  readonly server?: ApiServerAddress
}

interface OpenedCollection {
  readonly end: AbortController
  readonly requests: readonly string[]
  readonly collection: ReturnType<typeof watchCollection<string>>
}

export function openCollection(
  t: TestContext,
  { target }: Pick<ContractCluster, 'target'>,
  namespace: string,
  { limits, token = target.adminToken, server = target }: CollectionOptions = {},
): OpenedCollection {
  const { cluster, context, requests } = openPullpassConnection(server, token, { limits })
  const end = new AbortController()
  t.after(async () => {
    end.abort()
    await cluster.close()
  })
  const list = {
    path: secretsOf(namespace),
    accept: listOfMetadata,
    call: { verb: 'list', resource: 'secrets', namespace },
  } as const
  const keep = (item: JsonObject) => {
    assert.equal(item['data'], undefined)
    return asText(asObject(item['metadata'])?.['name']) ?? ''
  }
  return { end, requests, collection: watchCollection(cluster, list, keep, { ...context, signal: end.signal }) }
}
