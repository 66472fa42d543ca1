import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { digestOf } from '../../../src/publish/key-state.ts'
import { alarmText } from '../../../src/publish/watch/alarms.ts'
import { startTestServe, type TestServe, type TestServer } from './test-serve.ts'

const sorted = (...keys: { kid: string }[]) => keys.map(({ kid }) => kid).toSorted()
const reasons = ({ alarms }: Awaited<ReturnType<TestServer['runRound']>>) =>
  alarms.map(({ code }) => code).filter((code) => code !== 'PUBLISHED_MISMATCH' && code !== 'TOKEN_ISSUER_MISMATCH')

/** Signs with a new key from now on, and serves the old one no more. */
async function rotate({ watch }: TestServe) {
  const { keys } = watch.sandbox.cluster
  const old = keys.current
  keys.signWith(await keys.add())
  keys.drop(old.kid)
  return { old, next: keys.current }
}

/** As `issuer revoke` writes it. */
function revoke({ watch }: TestServe, kid: string): void {
  const { cluster } = watch.sandbox
  const keyState = cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
  if (keyState) cluster.store.remove(keyState)
  const metadata = { namespace: 'pullpass-system', name: 'pullpass-issuer' }
  const data = { ...watch.keyEntries(), [`revoked.${digestOf(kid)}`]: '{}' }
  cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
}

suite('issuer serve, in a rotation of keys', () => {
  test('serves the old key with the new one, also after a restart of every replica, until it was last seen 48 h ago', async (t) => {
    const serve = await startTestServe(t)
    const before = serve.start()
    await before.runRound()
    const { old, next } = await rotate(serve)
    await before.runRound()
    assert.deepEqual(before.kids(), sorted(old, next))

    const after = serve.start()
    await after.runRound(45)
    assert.deepEqual(after.kids(), sorted(old, next))
    serve.watch.sandbox.clock.advance('48 h')
    await after.runRound()
    assert.deepEqual(after.kids(), sorted(next))
  })

  test('serves in each replica the keys that any of them read, from its next round on', async (t) => {
    const serve = await startTestServe(t)
    const { cluster, parts } = serve.watch.sandbox
    const here = new URL(parts.kubernetes.url)
    const next = await sharedSigningKey('next')
    const other = await serve.watch.addReplica(t, { keys: { signing: next, published: [next] } })
    const [one, two] = [serve.start({ replicas: [here] }), serve.start({ replicas: [new URL(other.url)] })]
    await one.runRound()
    await two.runRound()
    await one.runRound()
    assert.deepEqual([one.kids(), two.kids()], [sorted(cluster.keys.current, next), sorted(cluster.keys.current, next)])
    assert.deepEqual(one.current('jwks'), two.current('jwks'))
  })

  test('loses no key if two replicas write concurrently', async (t) => {
    const serve = await startTestServe(t)
    const replicas = [serve.start(), serve.start(), serve.start()]
    const runRounds = async () => await Promise.all(replicas.map(async (one) => await one.runRound()))
    await runRounds()
    const { old, next } = await rotate(serve)
    assert.deepEqual((await runRounds()).flatMap(reasons), [])
    for (const one of replicas) assert.deepEqual(one.kids(), sorted(old, next))
  })
})

test('what a proxy still caches alarms no replica, whichever of them wrote what is new', async (t) => {
  const serve = await startTestServe(t)
  const { authority } = serve.watch.sandbox
  const cached = new Map<string, string>()
  const proxy = await servePart({
    handler: async ({ path }) => ({
      status: 200,
      body: cached.get(path) ?? '',
      headers: { 'cache-control': 'max-age=300' },
    }),
    tls: { authority, http2: 'absent' },
  })
  t.after(proxy.close)
  const replicas = [serve.start({ issuerUrl: proxy.url }), serve.start({ issuerUrl: proxy.url })]
  const runRound = async () => {
    const all: string[] = []
    for (const one of replicas)
      all.push(...(await one.runRound()).alarms.map((alarm) => `${alarm.code}: ${alarmText(alarm)}`))
    return all.filter((alarm) => alarm.startsWith('PUBLISHED_MISMATCH'))
  }
  await runRound()
  const [first] = replicas
  cached.set('/openid/v1/jwks', first?.current('jwks')?.text ?? '')
  cached.set('/.well-known/openid-configuration', first?.current('discovery')?.text ?? '')
  serve.watch.sandbox.clock.advance('5 min')
  assert.deepEqual(await runRound(), [])
  serve.watch.sandbox.clock.advance('4 min')
  await rotate(serve)
  for (let rounds = 0; rounds < 4; rounds++) assert.deepEqual(await runRound(), [])
})

suite('issuer serve serves no revoked key', () => {
  test('one round after it was revoked, nor after a restart, although the cluster serves it and the ConfigMap contained it', async (t) => {
    const serve = await startTestServe(t)
    const { keys } = serve.watch.sandbox.cluster
    const leaked = keys.current
    keys.signWith(await keys.add())
    const server = serve.start()
    await server.runRound()
    const earlier = serve.stored()
    revoke(serve, leaked.kid)
    await server.runRound()
    assert.deepEqual(server.kids(), sorted(keys.current))

    serve.store(earlier)
    const restarted = serve.start()
    await Promise.all([server.runRound(), restarted.runRound()])
    assert.deepEqual([server.kids(), restarted.kids()], [sorted(keys.current), sorted(keys.current)])
    assert.doesNotMatch(serve.stored() ?? '', new RegExp(leaked.kid))
  })

  for (const [title, verb] of Object.entries({ written: 'patch', read: 'get' })) {
    test(`though the ConfigMap of what it serves cannot be ${title}`, async (t) => {
      const serve = await startTestServe(t)
      const { keys, authorization } = serve.watch.sandbox.cluster
      const leaked = keys.current
      keys.signWith(await keys.add())
      const server = serve.start()
      await server.runRound()
      const before = server.current('jwks')
      authorization.forbid({ verbs: [verb], resources: ['configmaps'], resourceNames: ['pullpass-issuer-served'] })
      revoke(serve, leaked.kid)
      assert.deepEqual(reasons(await server.runRound()), ['PUBLISH_FAILED'])
      assert.deepEqual(server.kids(), sorted(keys.current))
      assert.notEqual(server.current('jwks')?.etag, before?.etag)
    })
  }

  test('nor the only key: then it serves none', async (t) => {
    const serve = await startTestServe(t)
    const server = serve.start()
    await server.runRound()
    revoke(serve, serve.watch.sandbox.cluster.keys.current.kid)
    await server.runRound()
    const restarted = serve.start()
    await restarted.runRound()
    assert.deepEqual([server.kids(), restarted.kids()], [[], []])
  })

  test('nor any key before it is known which are revoked', async (t) => {
    const serve = await startTestServe(t)
    const server = serve.start()
    const allow = serve.watch.sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    assert.deepEqual(reasons(await server.runRound()), ['KEY_STATE_UNREADABLE'])
    assert.equal(server.kids(), undefined)
    allow()
    await server.runRound()
    assert.equal(server.kids()?.length, 1)
  })
})

suite('issuer serve goes on with what it has', () => {
  const damages: Record<string, string | undefined> = {
    emptied: undefined,
    'filled with what is not JSON': '{"keys":[',
    'filled with what is not a JWKS': '{"keys":{}}',
  }
  for (const [title, text] of Object.entries(damages)) {
    test(`where the ConfigMap of what it serves is ${title}, and puts it back`, async (t) => {
      const serve = await startTestServe(t)
      const server = serve.start()
      await server.runRound()
      const { old, next } = await rotate(serve)
      const other = serve.start() // which never saw the old key
      await server.runRound()
      serve.store(text)
      await server.runRound()
      await other.runRound()
      assert.deepEqual([server.kids(), other.kids()], [sorted(old, next), sorted(old, next)])
      assert.match(serve.stored() ?? '', new RegExp(old.kid))
    })
  }

  test('while no API server responds', async (t) => {
    const serve = await startTestServe(t)
    const server = serve.start()
    await server.runRound()
    const before = server.current('jwks')
    serve.watch.sandbox.parts.kubernetes.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    await server.runRound(3)
    assert.deepEqual(server.current('jwks'), before)
  })

  test('under another URL after a restart, with the keys that it had', async (t) => {
    const serve = await startTestServe(t)
    await serve.start().runRound()
    const { old, next } = await rotate(serve)
    const moved = serve.start({ issuerUrl: 'https://oidc.example.com/moved' })
    await moved.runRound()
    assert.deepEqual(moved.kids(), sorted(old, next))
    assert.match(moved.current('discovery')?.text ?? '', /"issuer": "https:\/\/oidc\.example\.com\/moved"/)
  })
})

test('a client that may write the key state, to revoke, cannot have its own key served', async (t) => {
  const serve = await startTestServe(t)
  const { publicKey, kid } = await sharedSigningKey('another')
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
  serve.watch.sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
    data: { [`key.${digestOf(kid)}`]: JSON.stringify({ key: jwk, lastSeenAt: '2999-01-01T00:00:00Z' }) },
  })
  const server = serve.start()
  assert.deepEqual(reasons(await server.runRound()), ['RECORDED_KEY_UNKNOWN'])
  assert.deepEqual(server.kids(), sorted(serve.watch.sandbox.cluster.keys.current))
})

test("another cluster's keys, as a backup brings them, are not served, and the alarm states what removes them", async (t) => {
  const serve = await startTestServe(t)
  const { publicKey, kid } = await sharedSigningKey('another')
  serve.store(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] }))
  const server = serve.start()
  const { alarms } = await server.runRound()
  assert.equal(server.kids(), undefined)
  assert.match(
    alarms.filter(({ code }) => code === 'PUBLISH_FAILED').map(alarmText)[0] ?? '',
    /a JWKS of another cluster.*kubectl -n pullpass-system patch configmap pullpass-issuer-served --type merge -p/,
  )
})
