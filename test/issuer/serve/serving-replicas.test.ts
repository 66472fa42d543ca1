import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { Publication } from '../../../src/publish/publish-documents.ts'
import { revokeKey } from '../../../src/publish/revoke.ts'
import { awaitReplicas, servedStoreRef, servingReplicas } from '../../../src/publish/serve/served-target.ts'
import { startTestServe, type TestServer } from './test-serve.ts'

/** A cluster with a leaked key that signs no longer, one replica that serves it, and a function that revokes it. */
async function startLeak(t: TestContext) {
  const serve = await startTestServe(t)
  const { cluster } = serve.watch.sandbox
  const leaked = cluster.keys.current
  cluster.keys.signWith(await cluster.keys.add())
  const server = serve.start()
  await server.runRound()
  const { config, context } = serve.watch
  return {
    server,
    leaked: leaked.kid,
    left: [cluster.keys.current.kid],
    revoke: async (sleep: () => Promise<unknown>, mode: 'write' | 'dry-run' = 'write') => {
      const waiting = { ...context, sleep: async () => void (await sleep()) }
      const store = servedStoreRef(config.keyStateRef)
      const target = servingReplicas(config.cluster, store)
      const publish = async (publication: Publication) => await awaitReplicas(target, store, publication, waiting)
      return await revokeKey(
        { ...config, target, publish, issuerOf: (ofCluster) => ofCluster, keyId: leaked.kid, inUse: 'refuse', mode },
        context,
      )
    },
  }
}

const statesOf = ({ outcome }: { outcome: { keys: readonly { state: string }[] } }) =>
  outcome.keys.map(({ state }) => state).toSorted()

suite('pullpass issuer revoke --to serve', () => {
  test('waits until the replicas took the key out', async (t) => {
    const { server, left, revoke } = await startLeak(t)
    const revoked = await revoke(async () => await server.runRound())
    assert.deepEqual(statesOf(revoked), ['kept', 'withdrawn'])
    assert.deepEqual(server.kids(), left)
  })

  test('reports that the revocation is recorded, where no replica removed the key', async (t) => {
    const { server, left, revoke } = await startLeak(t)
    await assert.rejects(
      revoke(async () => undefined),
      {
        code: 'PUBLISH_UNAVAILABLE',
        seen: 'the revocation is stored, but after 60 s no replica of issuer serve had removed the key from ConfigMap pullpass-system/pullpass-issuer-served',
      },
    )
    await server.runRound()
    assert.deepEqual(server.kids(), left)
  })

  test('in a dry run changes nothing', async (t) => {
    const { server, leaked, revoke } = await startLeak(t)
    assert.deepEqual(statesOf(await revoke(async () => undefined, 'dry-run')), ['kept', 'withdrawn'])
    const { runRound, kids }: TestServer = server
    await runRound()
    assert.ok(kids()?.includes(leaked))
  })
})
