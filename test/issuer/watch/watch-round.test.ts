import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { alarmText } from '../../../src/publish/watch/alarms.ts'
import { asObject } from '../../../src/text/json-fields.ts'
import { startTestWatch, type TestWatch } from './test-watch.ts'
import { testUnusableKeys, testUnwritable } from './watch-faults.ts'

const reasons = ({ status }: Awaited<ReturnType<TestWatch['runRound']>>) => status.alarms.map(({ code }) => code)
const warnings = ({ sandbox }: TestWatch) =>
  sandbox.cluster.store.list('Event', 'pullpass-system').filter(({ type }) => type === 'Warning')
const sorted = (...keys: { kid: string }[]) => keys.map(({ kid }) => kid).toSorted()

suite('a rotation of keys', () => {
  test('a key is public one round after any API server serves it, and the old key stays public', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const old = keys.current
    const next = await sharedSigningKey('next')
    const replica = await watch.addReplica(t, { keys: { signing: old, published: [old] } })
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old))

    replica.keys.replace({ signing: next, published: [next, old] })
    const state = await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old, next))
    assert.deepEqual(reasons(state), [])
    assert.deepEqual(state.status.replicas, { queried: 2, read: 2 })
  })

  test('the old key leaves when it was last seen 48 h ago, and no sooner', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const old = await watch.swapKey(5)
    watch.sandbox.clock.advance('47 h')
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old, keys.current))
    watch.sandbox.clock.advance('1 h')
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
    assert.equal(Object.keys(watch.keyEntries()).length, 1)
  })

  test('a restart loses nothing and confirms nothing: a key must be missing for ten minutes before it is removed', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const old = await watch.swapKey()
    watch.restart()
    watch.sandbox.clock.advance('3 d')
    await watch.runRound(3)
    assert.deepEqual(watch.published(), sorted(old, keys.current))
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
  })

  test('a deleted key state is rebuilt from the published keys', async (t) => {
    const watch = await startTestWatch(t)
    const { keys, store } = watch.sandbox.cluster
    const old = keys.current
    await watch.runRound()
    await keys.add()
    keys.drop(old.kid)
    await watch.runRound()
    const keyState = store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
    assert.ok(keyState)
    store.remove(keyState)
    watch.restart()
    watch.sandbox.clock.advance('3 d')
    const state = await watch.runRound(5)
    assert.equal(watch.published()?.includes(old.kid), true)
    assert.equal(state.keyState?.keys.length, 2)
    assert.equal(Object.keys(watch.keyEntries()).length, 2)
  })
})

suite('what goes wrong takes no key away', () => {
  testUnusableKeys(['a response without keys']) // all: watch-round.matrix.test.ts

  test('a clock that is two days ahead for ten minutes, which is reported; once it is correct, keys age as before', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const old = await watch.swapKey(5)
    watch.skew('2 d')
    const state = await watch.runRound(4)
    assert.deepEqual(watch.published(), sorted(old, keys.current))
    assert.deepEqual(reasons(state), ['CLOCK_SKEWED'])
    watch.skew('-2 d')
    assert.deepEqual(reasons(await watch.runRound()), [])
    for (const text of Object.values(watch.keyEntries())) {
      const { lastSeenAt }: { lastSeenAt: string } = JSON.parse(text)
      assert.ok(new Date(lastSeenAt) <= watch.context.now(), lastSeenAt)
    }
    watch.sandbox.clock.advance('2 d')
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
  })

  test('one of two API servers that does not respond for days: keys that only it serves stay', async (t) => {
    const watch = await startTestWatch(t)
    const { current } = watch.sandbox.cluster.keys
    const next = await sharedSigningKey('next')
    const replica = await watch.addReplica(t, { keys: { signing: next, published: [next, current] } })
    await watch.runRound()
    replica.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    await watch.runRound(5)
    watch.sandbox.clock.advance('3 d')
    const state = await watch.runRound(2)
    assert.deepEqual(watch.published(), sorted(current, next))
    assert.deepEqual(reasons(state), ['API_SERVER_UNREADABLE'])
  })

  test('a target that is down is tried again, with more patience each time, and no key is lost meanwhile', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    await watch.runRound()
    const next = await keys.add()
    keys.signWith(next)
    const { faults, seen } = watch.sandbox.gcp.parts.storage
    faults.inject(
      { kind: 'response', response: { status: 403, body: '{}' } },
      { when: ({ path }) => path.startsWith('/storage') },
    )
    assert.deepEqual(reasons(await watch.runRound()), ['PUBLISH_FAILED', 'KEY_UNPUBLISHED'])
    const after = seen.length
    await watch.runRound(2)
    const tries = seen.slice(after).filter(({ path, status }) => path.includes('jwks') && status === 403).length
    assert.ok(tries > 1 && tries < 10, `${tries}`)
    faults.clear()
    const state = await watch.runRound(2)
    assert.deepEqual(reasons(state), [])
    assert.equal(watch.published()?.includes(next.kid), true)
  })

  test("another cluster's documents at the target are left alone", async (t) => {
    const watch = await startTestWatch(t)
    const body = JSON.stringify({ issuer: 'https://other.example', jwks_uri: 'https://other.example/openid/v1/jwks' })
    const described = { contentType: 'application/json', cacheControl: 'public, max-age=300' }
    watch.sandbox.gcp.store.put('example-cluster', '.well-known/openid-configuration', { ...described, body })
    const state = await watch.runRound()
    assert.deepEqual(reasons(state), ['PUBLISH_FAILED', 'KEY_UNPUBLISHED'])
    assert.match(
      state.status.alarms.map(alarmText)[0] ?? '',
      /^PUBLISH_NOT_OURS: gs:\/\/example-cluster has the discovery document of issuer "https:\/\/other\.example"/,
    )
    assert.equal(watch.published(), undefined)
  })

  test('nothing is published before it is known what is revoked', async (t) => {
    const watch = await startTestWatch(t)
    const allow = watch.sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    const state = await watch.runRound()
    assert.equal(watch.published(), undefined)
    assert.deepEqual(reasons(state), ['KEY_STATE_UNREADABLE'])
    assert.match(
      state.status.alarms.map(alarmText)[0] ?? '',
      /resources: \[configmaps\], resourceNames: \[pullpass-issuer\], verbs: \[get\]/,
    )
    allow()
    await watch.runRound()
    assert.equal(watch.published()?.length, 1)
  })
})

suite('a watch that cannot store its state', () => {
  testUnwritable(['since its permission was removed', 'since its ConfigMap was made immutable'])

  test('since the API server fails every write to it, still ends its round within seconds', async (t) => {
    const watch = await startTestWatch(t, { intervalMs: 15_000 })
    await watch.runRound()
    const status = { kind: 'Status', status: 'Failure', message: 'failed calling webhook', code: 500 }
    const when = ({ method, path }: { method: string; path: string }) =>
      method !== 'GET' && !path.includes('/token') && path.includes('pullpass-system')
    watch.sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 500, body: status } },
      { when },
    )
    const startedAt = watch.context.now()
    const state = await watch.runRound()
    assert.deepEqual(reasons(state), ['KEY_STATE_UNWRITABLE'])
    assert.ok(watch.context.now().getTime() - startedAt.getTime() < 15_000 + 10_000)
  })

  test('does not write each round: a dry run shows whether it could', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound(2)
    const version = () =>
      watch.sandbox.cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')?.metadata.resourceVersion
    const before = version()
    await watch.runRound(2)
    assert.equal(version(), before)
  })
})

suite('conditions that raise an alarm', () => {
  test('a token that is signed by a key whose public half is not published', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    await watch.runRound()
    keys.signWith(await sharedSigningKey('another'))
    const state = await watch.runRound(3)
    assert.deepEqual(reasons(state), ['KEY_UNPUBLISHED'])
    const events = warnings(watch)
    assert.deepEqual(
      events.map(({ reason, type, involvedObject }) => ({
        reason,
        type,
        about: asObject(involvedObject)?.['name'],
      })),
      [{ reason: 'KeyUnpublished', type: 'Warning', about: 'pullpass-issuer' }],
    )
    assert.equal(watch.logged.filter((line) => line.includes('KEY_UNPUBLISHED')).length, 1)
    keys.signWith(keys.published[0] ?? keys.current)
    assert.deepEqual(reasons(await watch.runRound()), [])
    const subject = state.status.alarms[0]?.subject
    assert.equal(watch.logged.at(-1), `info a condition of the publication has ended KEY_UNPUBLISHED ${subject}`)
  })

  test('it is reported again after an hour, not in every round', async (t) => {
    const watch = await startTestWatch(t, { intervalMs: 15_000 })
    watch.sandbox.cluster.keys.signWith(await sharedSigningKey('another'))
    await watch.runRound(3)
    watch.sandbox.clock.advance('58 min')
    await watch.runRound(3)
    assert.equal(warnings(watch).length, 1)
    watch.sandbox.clock.advance('1 min')
    await watch.runRound(3)
    assert.equal(warnings(watch).length, 2)
  })

  test('a public key that the cluster never served', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound()
    const { publicKey, kid } = await sharedSigningKey('another')
    const object = watch.sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')
    const { keys }: { keys: object[] } = JSON.parse(object?.bytes.toString() ?? '')
    const body = JSON.stringify({
      keys: [...keys, { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }],
    })
    watch.sandbox.gcp.store.put('example-cluster', 'openid/v1/jwks', {
      contentType: 'application/jwk-set+json',
      body,
    })
    await watch.runRound(3)
    assert.match(
      watch.logged.join('\n'),
      new RegExp(`PUBLISHED_KEY_UNKNOWN key "${kid}" is public, but the cluster never served it`),
    )
    await watch.runRound(5)
    watch.sandbox.clock.advance('2 d')
    await watch.runRound(2)
    assert.equal(watch.published()?.includes(kid), false)
  })

  test('tokens that carry another issuer than the one that is public', async (t) => {
    const watch = await startTestWatch(t, { issuerUrl: 'https://oidc.example.com/cluster-1' })
    const state = await watch.runRound()
    const alarm = state.status.alarms.find(({ code }) => code === 'TOKEN_ISSUER_MISMATCH')
    assert.equal(alarm?.command, 'pullpass issuer show --to-issuer https://oidc.example.com/cluster-1')
  })

  test('where the namespace of the key state does not exist, it is reported once, with the command that creates it', async (t) => {
    const keyStateRef = { namespace: 'absent', name: 'keys' }
    const watch = await startTestWatch(t, { keyStateRef, issuerUrl: 'https://oidc.example.com/cluster-1' })
    const state = await watch.runRound()
    assert.ok(reasons(state).length > 1, reasons(state).join())
    const lines = watch.logged.filter((line) => line.includes('namespace absent does not exist'))
    assert.deepEqual(
      lines.map((line) => /KEY_STATE_UNWRITABLE|an Event could not be written/.exec(line)?.[0]),
      ['KEY_STATE_UNWRITABLE', 'an Event could not be written'],
    )
    assert.match(
      lines[0] ?? '',
      /--key-state NAMESPACE\/NAME\), or create the namespace: kubectl create namespace absent$/,
    )
  })

  test('where the EndpointSlice may not be read, the API server that responds is read, and the missing permission is named', async (t) => {
    const watch = await startTestWatch(t)
    watch.sandbox.cluster.authorization.forbid({
      verbs: ['list'],
      apiGroups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
    })
    const state = await watch.runRound()
    assert.equal(watch.published()?.length, 1)
    assert.deepEqual(reasons(state), ['API_SERVERS_UNKNOWN'])
    assert.match(
      state.status.alarms.map(alarmText)[0] ?? '',
      /\{apiGroups: \[discovery\.k8s\.io\], resources: \[endpointslices\], verbs: \[list\]\}/,
    )
  })
})

suite('two watchers of one cluster', () => {
  test('do not undo each other', async (t) => {
    const one = await startTestWatch(t)
    const { keys } = one.sandbox.cluster
    const old = keys.current
    await one.runRound()
    const next = await keys.add()
    await one.runRound()
    one.restart() // the second one, which knows nothing of its own
    keys.drop(old.kid)
    keys.signWith(next)
    await one.runRound()
    assert.deepEqual(one.published(), sorted(old, next))
    assert.equal(Object.keys(one.keyEntries()).length, 2)
  })
})
