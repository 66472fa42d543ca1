/** Watches that end by their timeout. They wait for seconds, and therefore run concurrently. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WatchEvent } from '../kubernetes-client.ts'
import { type ContractCluster, metadataOnly, pullSecret, secretsOf, secretWith } from '../kubernetes-cluster.ts'
import { openPullpassConnection } from '../kubernetes-pullpass-connection.ts'

export function watchTimeoutCases(started: () => ContractCluster): void {
  test('a bookmark with the current version is sent before the watch ends', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const { object: list } = await cluster.request({ path: secretsOf(namespace) })
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion=${list.metadata?.resourceVersion}`

    const next = cluster.watch({ path: `${secretsOf(namespace)}?${query}` }).next()
    await cluster.apply(await cluster.createNamespace(), secretWith('elsewhere'), 'pullpass')
    const event: WatchEvent | undefined = (await next).value

    assert.deepEqual([event?.type, event?.object.kind, event?.object.apiVersion], ['BOOKMARK', 'Secret', 'v1'])
    assert.ok(Number(event?.object.metadata?.resourceVersion) > Number(list.metadata?.resourceVersion))
    assert.equal(event?.object.metadata?.annotations, undefined)
  })

  test('timeoutSeconds ends the watch', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const begun = performance.now()

    const { status, text } = await cluster.request({ path: `${secretsOf(namespace)}?watch=1&timeoutSeconds=1` })

    assert.deepEqual([status, text], [200, ''])
    assert.ok(performance.now() - begun >= 900)
  })

  for (const [protocol, limits] of [
    ['HTTP/2', undefined],
    ['HTTP/1.1', { inFlight: 1 }],
  ] as const) {
    test(`a watch over ${protocol} whose timeout has expired ends without an error`, async (t) => {
      const cluster = started()
      const namespace = await cluster.createNamespace()
      const line = openPullpassConnection(cluster.target, cluster.target.adminToken, { limits })
      t.after(() => line.cluster.close())
      await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
      const stream = await line.cluster.stream({
        path: `${secretsOf(namespace)}?watch=1&timeoutSeconds=2`,
        accept: metadataOnly,
        maxLineBytes: 1024 * 1024,
        idleTimeoutMs: 30_000,
      })
      assert.ok('lines' in stream)
      const lines: string[] = []
      for await (const one of stream.lines) lines.push(one)
      assert.deepEqual(
        lines.map((one) => JSON.parse(one).type),
        ['ADDED'],
      )
    })
  }
}
