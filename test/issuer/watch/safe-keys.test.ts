/** From when on a published key may sign, as issuer watch reports it: the time of its publication, and how long verifiers cache. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startTestWatch } from './test-watch.ts'

suite('the report of a watch on a key that is served before it signs', () => {
  const start = async (t: TestContext) => {
    const watch = await startTestWatch(t, { intervalMs: 15_000 })
    await watch.runRound()
    return { watch, keys: watch.sandbox.cluster.keys }
  }
  const seconds = (at: Date) => new Date(Math.ceil(at.getTime() / 1000) * 1000).toISOString().replace('.000', '')
  const after = (at: Date, ms: number) => new Date(at.getTime() + ms)

  test('reports from when on it is safe to sign: 300 s after it was published, in the log and as an Event', async (t) => {
    const { watch, keys } = await start(t)
    const next = await keys.add()
    const { status } = await watch.runRound()
    const [key] = status.safeToSign.filter(({ keyId }) => keyId === next.kid)
    assert.ok(key && status.publishedAt)
    assert.deepEqual(key, { keyId: next.kid, at: after(status.publishedAt, 300_000), signs: false })
    const sentence = `safe to sign with ${next.kid} from ${seconds(key.at)}`
    assert.equal(watch.logged.filter((line) => line === `info a key is public ${sentence}`).length, 1)
    const events = watch.sandbox.cluster.store.list('Event', 'pullpass-system')
    assert.deepEqual(
      events.filter(({ message }) => message === sentence).map(({ type, reason }) => [type, reason]),
      [['Normal', 'KeyPublished']],
    )
  })

  test('reports the same after a restart, and once', async (t) => {
    const { watch, keys } = await start(t)
    const next = await keys.add()
    const before = (await watch.runRound()).status.safeToSign.find(({ keyId }) => keyId === next.kid)
    watch.restart()
    const again = (await watch.runRound(3)).status.safeToSign.find(({ keyId }) => keyId === next.kid)
    assert.deepEqual(again, before)
  })

  test('counts from when anonymous clients read it, if a cache still serves the previous keys', async (t) => {
    const { watch, keys } = await start(t)
    const earlier = watch.sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString() ?? ''
    const headers = { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=300' }
    watch.sandbox.gcp.parts.storage.faults.inject(
      { kind: 'response', response: { status: 200, headers, body: earlier } },
      { when: ({ path }) => path === '/example-cluster/openid/v1/jwks' },
    )
    const next = await keys.add()
    const isSafe = (state: Awaited<ReturnType<typeof watch.runRound>>) =>
      state.status.safeToSign.some(({ keyId }) => keyId === next.kid)
    assert.equal(isSafe(await watch.runRound(3)), false)
    watch.sandbox.gcp.parts.storage.faults.clear()
    const state = await watch.runRound(4)
    const at = state.status.safeToSign.find(({ keyId }) => keyId === next.kid)?.at
    assert.ok(at && after(at, -300_000) > after(state.status.finishedAt, -61_000), at?.toISOString())
  })
})
