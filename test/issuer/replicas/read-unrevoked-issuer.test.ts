import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { IssuerKey } from '../../../src/oidc/keys.ts'
import { readServedIssuer, readUnrevokedIssuer } from '../../../src/publish/served-issuer.ts'
import { startTestWatch, type TestWatch } from '../watch/test-watch.ts'

const read = async ({ config, context }: TestWatch) =>
  await readUnrevokedIssuer(config.cluster, [config.keyStateRef], context.log)
const kidsOf = (keys: readonly IssuerKey[]) => new Set(keys.map(({ keyId }) => keyId))

suite('the keys that a cloud may believe', () => {
  test('are those of every API server together', async (t) => {
    const watch = await startTestWatch(t)
    const next = await sharedSigningKey('next')
    await watch.addReplica(t, { keys: { signing: next, published: [next] } })
    const { issuer, keys } = await read(watch)
    assert.equal(issuer, watch.sandbox.cluster.issuer)
    assert.deepEqual(kidsOf(keys), new Set([watch.sandbox.cluster.keys.current.kid, next.kid]))
    assert.deepEqual(watch.logged, [])
  })

  test('are of the issuer that the cluster’s own address serves, whatever the others do in a roll-out', async (t) => {
    const watch = await startTestWatch(t)
    const further = await watch.addReplica(t, { issuer: 'https://old.example.com' })
    const { issuer } = await readServedIssuer(watch.config.cluster, [new URL(further.url)], watch.context.log)
    assert.equal(issuer, watch.sandbox.cluster.issuer)
  })

  test('lack a revoked one, though an API server serves it still', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const leaked = keys.current
    keys.signWith(await keys.add())
    await watch.runRound()
    await watch.revoke(leaked.kid)
    assert.deepEqual(kidsOf((await read(watch)).keys), new Set([keys.current.kid]))
  })

  test('lack the keys that any of several key states revokes, with one read of each API server', async (t) => {
    const watch = await startTestWatch(t)
    const { cluster, parts } = watch.sandbox
    const leaked = cluster.keys.current
    cluster.keys.signWith(await cluster.keys.add())
    await watch.runRound()
    await watch.revoke(leaked.kid)
    const readWith = async (...keyStates: (typeof watch.config.keyStateRef)[]) => {
      const isJwksRequest = ({ path }: { readonly path: string }) => path === '/openid/v1/jwks'
      const before = parts.kubernetes.seen.filter(isJwksRequest).length
      const { keys } = await readUnrevokedIssuer(watch.config.cluster, keyStates, watch.context.log)
      return { kids: kidsOf(keys), times: parts.kubernetes.seen.filter(isJwksRequest).length - before }
    }
    const one = await readWith(watch.config.keyStateRef)
    assert.deepEqual(one.kids, new Set([cluster.keys.current.kid]))
    assert.deepEqual(await readWith({ namespace: 'pullpass-system', name: 'empty' }, watch.config.keyStateRef), one)
  })

  test('lack those of an API server that does not respond, and that is reported', async (t) => {
    const watch = await startTestWatch(t)
    const next = await sharedSigningKey('next')
    const replica = await watch.addReplica(t, { keys: { signing: next, published: [next] } })
    replica.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    assert.deepEqual(kidsOf((await read(watch)).keys), new Set([watch.sandbox.cluster.keys.current.kid]))
    assert.match(
      watch.logged.join('\n'),
      /^warn an API server could not be queried: keys that only it serves are missing/,
    )
  })

  test('are those of the API server that responds where none is reachable at its own address; where several exist, a warning is logged', async (t) => {
    const watch = await startTestWatch(t)
    const { cluster } = watch.sandbox
    const gone = [await watch.addReplica(t, {}), await watch.addReplica(t, {})]
    for (const { faults } of gone) faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const readAt = async (replicas: readonly URL[]) =>
      kidsOf((await readServedIssuer(watch.config.cluster, replicas, watch.context.log)).keys)
    const addresses = gone.map(({ url }) => new URL(url))
    assert.deepEqual(await readAt(addresses.slice(1)), new Set([cluster.keys.current.kid]))
    assert.deepEqual(watch.logged, [])
    assert.deepEqual(await readAt(addresses), new Set([cluster.keys.current.kid]))
    assert.match(watch.logged.join('\n'), /^warn the API servers could not be queried one by one/)
  })

  test('are none where no API server responds: the reason is thrown', async (t) => {
    const watch = await startTestWatch(t)
    watch.sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 403, body: '{}' } },
      { when: ({ path }) => path === '/openid/v1/jwks' },
    )
    await assert.rejects(read(watch), (error) => error instanceof PullpassError && error.code === 'DISCOVERY_FORBIDDEN')
  })
})
