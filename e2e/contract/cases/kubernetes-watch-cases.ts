/** Watches: their events, start and end.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WatchEvent } from '../kubernetes-client.ts'
import { type ContractCluster, metadataOnly, pullSecret, secretsOf, secretWith } from '../kubernetes-cluster.ts'

const watchList = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

export function watchCases(started: () => ContractCluster): void {
  test('a watch from the version of a list reports added, modified and deleted objects', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { object: list } = await cluster.request({ path: secretsOf(namespace) })
    const watch = cluster.watch({
      path: `${secretsOf(namespace)}?watch=1&resourceVersion=${list.metadata?.resourceVersion}`,
    })

    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass')
    await cluster.request({ method: 'DELETE', path: `${secretsOf(namespace)}/regcred` })

    assert.deepEqual(typesOf(await take(watch, 3)), ['ADDED regcred', 'MODIFIED regcred', 'DELETED regcred'])
  })

  test('a metadata-only watch contains no secret data', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, pullSecret('regcred', 'hidden'), 'pullpass')

    const [event] = await take(cluster.watch({ path: `${secretsOf(namespace)}?watch=1`, accept: metadataOnly }), 1)

    assert.deepEqual([event?.type, event?.object.kind], ['ADDED', 'PartialObjectMetadata'])
    assert.equal(event?.object.data, undefined)
  })

  test('an object that no longer matches the selector is reported as deleted', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, secretWith('words', {}, { labels: { team: 'a' } }), 'pullpass')
    const watch = cluster.watch({ path: `${secretsOf(namespace)}?watch=1&labelSelector=team%3Da` })

    const begun = await take(watch, 1)
    await cluster.apply(namespace, secretWith('words', {}, { labels: { team: 'b' } }), 'pullpass')

    assert.deepEqual(typesOf([...begun, ...(await take(watch, 1))]), ['ADDED words', 'DELETED words'])
  })

  test('a cluster-wide watch by name covers every namespace', async () => {
    const cluster = started()
    const name = `regcred-${Date.now()}`
    const { object: list } = await cluster.request({ path: `/api/v1/secrets?fieldSelector=metadata.name%3D${name}` })
    const version = list.metadata?.resourceVersion
    const watch = cluster.watch({
      path: `/api/v1/secrets?watch=1&fieldSelector=metadata.name%3D${name}&resourceVersion=${version}`,
    })

    const namespaces = [await cluster.createNamespace(), await cluster.createNamespace()]
    for (const namespace of namespaces) {
      await cluster.apply(namespace, pullSecret('other', 'one'), 'pullpass')
      await cluster.apply(namespace, pullSecret(name, 'one'), 'pullpass')
    }

    const events = await take(watch, 2)
    assert.deepEqual(
      events.map(({ object }) => object.metadata?.namespace),
      namespaces,
    )
  })

  test('a watch of namespaces reports creation and deletion', async () => {
    const cluster = started()
    const { object: list } = await cluster.request({ path: '/api/v1/namespaces' })
    const namespace = await cluster.createNamespace()
    const selector = `fieldSelector=metadata.name%3D${namespace}&resourceVersion=${list.metadata?.resourceVersion}`
    const watch = cluster.watch({ path: `/api/v1/namespaces?watch=1&${selector}` }, AbortSignal.timeout(20_000))

    await cluster.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })

    const phases: unknown[] = []
    for await (const { type, object } of watch) {
      phases.push(`${type} ${typeof object.status === 'object' && object.status.phase}`)
      if (type === 'DELETED') break
    }
    assert.equal(phases[0], 'ADDED Active')
    assert.ok(phases.includes('MODIFIED Terminating'))
    assert.equal(phases.at(-1), 'DELETED Terminating')
  })

  test('a watch list ends its initial events with an annotated bookmark', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    for (const name of ['one', 'two']) await cluster.apply(namespace, secretWith(name), 'pullpass')

    const events = await take(
      cluster.watch({ path: `${secretsOf(namespace)}?watch=1&${watchList}`, accept: metadataOnly }),
      3,
    )

    assert.deepEqual(typesOf(events), ['ADDED one', 'ADDED two', 'BOOKMARK undefined'])
    assert.deepEqual([...new Set(events.map(({ object }) => object.kind))], ['PartialObjectMetadata'])
    assert.deepEqual(events[2]?.object.metadata?.annotations, { 'k8s.io/initial-events-end': 'true' })
    assert.match(events[2]?.object.metadata?.resourceVersion ?? '', /^\d+$/)
  })

  test('a watch list continues after its bookmark', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const watch = cluster.watch({ path: `${secretsOf(namespace)}?watch=1&${watchList}` })

    const [mark] = await take(watch, 1)
    await cluster.apply(namespace, secretWith('late'), 'pullpass')

    assert.deepEqual([mark?.type, ...typesOf(await take(watch, 1))], ['BOOKMARK', 'ADDED late'])
  })

  test('a watch list without bookmarks does not mark the end of its initial events', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    await cluster.apply(namespace, secretWith('one'), 'pullpass')
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1'

    const { text } = await cluster.request({ path: `${secretsOf(namespace)}?${query}` })

    const events: WatchEvent[] = text.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line)))
    assert.deepEqual(typesOf(events), ['ADDED one'])
  })

  test('a watch list with a version that is too old begins with the current state', async () => {
    const cluster = started()
    const path = await cluster.target.compactedCollection()

    const watch = cluster.watch({ path: `${path}?watch=1&${watchList}&resourceVersion=1` })
    const types: string[] = []
    for await (const { type, object } of watch) {
      types.push(type)
      if (type === 'BOOKMARK' || type === 'ERROR') {
        assert.deepEqual(object.metadata?.annotations, { 'k8s.io/initial-events-end': 'true' })
        break
      }
    }

    assert.deepEqual(
      [...new Set(types)].filter((type) => type !== 'ADDED'),
      ['BOOKMARK'],
    )
  })

  test('a watch list without resourceVersionMatch returns 422', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const { status, object } = await cluster.request({ path: `${secretsOf(namespace)}?watch=1&sendInitialEvents=true` })

    assert.equal(status, 422)
    assert.equal(
      object.message,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    )
  })

  test('a version that is too old returns HTTP 200 and one ERROR event with 410', async () => {
    const cluster = started()
    const path = await cluster.target.compactedCollection()

    const { status, text } = await cluster.request({ path: `${path}?watch=1&resourceVersion=1&timeoutSeconds=5` })

    const event: WatchEvent = JSON.parse(text)
    assert.deepEqual([status, event.type], [200, 'ERROR'])
    assert.deepEqual([event.object.kind, event.object.code, event.object.reason], ['Status', 410, 'Expired'])
    assert.match(event.object.message ?? '', /^too old resource version: 1 \(\d+\)$/)
  })
}

/** The next events; the watch stays open for more. */
async function take(watch: AsyncGenerator<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = []
  while (events.length < count) {
    const { value, done } = await watch.next()
    if (done) break
    events.push(value)
  }
  return events
}

const typesOf = (events: readonly WatchEvent[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata?.name}`)
