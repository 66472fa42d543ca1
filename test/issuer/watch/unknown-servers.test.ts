/** Which API servers can have a key published: no others can, and a legitimate server is not delayed longer than necessary. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import { type SigningKey, sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { parseJwks, thumbprintOf } from '../../../src/oidc/keys.ts'
import { alarmText } from '../../../src/publish/watch/alarms.ts'
import { startTestWatch, type TestWatch } from './test-watch.ts'

type State = Awaited<ReturnType<TestWatch['runRound']>>

const reasons = ({ status }: State) => status.alarms.map(({ code }) => code)
const alarmOf = ({ status }: State, code: string) =>
  status.alarms.filter((alarm) => alarm.code === code).map(alarmText)[0] ?? ''
const sorted = (...keys: { kid: string }[]) => keys.map(({ kid }) => kid).toSorted()
const fingerprintOf = ({ ca }: { ca: string }) => new X509Certificate(ca).fingerprint256

function thumbprint({ publicKey, kid }: SigningKey): string {
  const [key] = parseJwks(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] })) ?? []
  assert.ok(key)
  return thumbprintOf(key)
}

suite('an API server at a new address that serves a key which the known ones lack', () => {
  const start = async (t: TestContext) => {
    const watch = await startTestWatch(t)
    const old = watch.sandbox.cluster.keys.current
    await watch.runRound()
    const next = await sharedSigningKey('next')
    const replica = await watch.addReplica(t, { keys: { signing: next, published: [next, old] } })
    return { watch, old, next, replica }
  }

  test('raises an alarm, and the key is not published', async (t) => {
    const { watch, old, next, replica } = await start(t)
    const state = await watch.runRound(5)
    assert.deepEqual(watch.published(), sorted(old))
    assert.ok(reasons(state).includes('KEY_UNCONFIRMED'), reasons(state).join())
    const alarm = alarmOf(state, 'KEY_UNCONFIRMED')
    assert.ok(
      alarm.startsWith(`key "${next.kid}" is served by ${replica.url} only, at an address that was not among`),
      alarm,
    )
    assert.ok(alarm.includes(`--accept-key=${thumbprint(next)}`), alarm)
  })

  test('is published one round after a known API server serves it', async (t) => {
    const { watch, old, next } = await start(t)
    await watch.runRound(2)
    watch.sandbox.cluster.keys.replace({ signing: old, published: [old, next] })
    const state = await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old, next))
    assert.deepEqual(reasons(state), [])
  })

  test('has it published once an operator accepts it by its thumbprint, and not by a restart alone', async (t) => {
    const { watch, old, next } = await start(t)
    await watch.runRound()
    await watch.startAgain({ keys: [thumbprint(await sharedSigningKey('another'))] })
    assert.ok(reasons(await watch.runRound(3)).includes('KEY_UNCONFIRMED'))
    assert.deepEqual(watch.published(), sorted(old))
    await watch.startAgain({ keys: [thumbprint(next)] })
    assert.deepEqual(reasons(await watch.runRound()), [])
    assert.deepEqual(watch.published(), sorted(old, next))
  })

  test('is not believed for a kid of the cluster with another key either', async (t) => {
    const { watch, old, replica } = await start(t)
    await watch.runRound()
    const { privateKey, publicKey } = await sharedSigningKey('another')
    replica.keys.replace({ signing: old, published: [{ kid: old.kid, privateKey, publicKey }] })
    const before = watch.sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString()
    const state = await watch.runRound(3)
    assert.ok(reasons(state).includes('KEY_UNCONFIRMED'))
    assert.equal(watch.sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString(), before)
  })

  test('that replaces the only API server has it published ten minutes after that one is gone', async (t) => {
    const { watch, old, next } = await start(t)
    await watch.runRound()
    watch.sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 403, body: '{}' } },
      { when: ({ path }) => path.startsWith('/openid') || path.startsWith('/.well-known') },
    )
    const state = await watch.runRound(3)
    assert.deepEqual(watch.published(), sorted(old))
    assert.ok(reasons(state).includes('KEY_UNCONFIRMED'))
    await watch.runRound(3)
    assert.deepEqual(watch.published(), sorted(old, next))
  })
})

suite('an API server at a new address that serves the keys of the known ones, or none', () => {
  for (const [title, isEmpty] of [
    ['serves only the public keys first', false],
    ['serves no key first', true],
  ] as const) {
    test(`is not known for it: where it ${title}, its next key is held back, with an alarm`, async (t) => {
      const watch = await startTestWatch(t)
      const old = watch.sandbox.cluster.keys.current
      await watch.runRound()
      const replica = await watch.addReplica(t, { keys: { signing: old, published: isEmpty ? [] : [old] } })
      await watch.runRound(2)
      replica.keys.replace({ signing: old, published: [old, await sharedSigningKey('another')] })
      assert.ok(reasons(await watch.runRound(2)).includes('KEY_UNCONFIRMED'))
      assert.deepEqual(watch.published(), sorted(old))
    })
  }

  test('is not known for an empty response in the first round either', async (t) => {
    const watch = await startTestWatch(t)
    const old = watch.sandbox.cluster.keys.current
    const replica = await watch.addReplica(t, { keys: { signing: old, published: [] } })
    await watch.runRound(2)
    replica.keys.replace({ signing: old, published: [old, await sharedSigningKey('another')] })
    assert.ok(reasons(await watch.runRound(2)).includes('KEY_UNCONFIRMED'))
    assert.deepEqual(watch.published(), sorted(old))
  })

  test('has its next key published when a known one serves it too', async (t) => {
    const watch = await startTestWatch(t)
    const old = watch.sandbox.cluster.keys.current
    await watch.runRound()
    const replica = await watch.addReplica(t, { keys: { signing: old, published: [old] } })
    assert.deepEqual(reasons(await watch.runRound()), [])
    const next = await sharedSigningKey('next')
    replica.keys.replace({ signing: next, published: [next, old] })
    watch.sandbox.cluster.keys.replace({ signing: old, published: [next, old] })
    assert.deepEqual(reasons(await watch.runRound()), [])
    assert.deepEqual(watch.published(), sorted(old, next))
  })

  test('is known ten minutes after the last known one is gone, and a warning names its address', async (t) => {
    const watch = await startTestWatch(t)
    const old = watch.sandbox.cluster.keys.current
    await watch.runRound()
    const replica = await watch.addReplica(t, { keys: { signing: old, published: [old] } })
    await watch.runRound()
    watch.sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 403, body: '{}' } },
      { when: ({ path }) => path.startsWith('/openid') || path.startsWith('/.well-known') },
    )
    const isNamed = () =>
      watch.logged.some((line) => line.includes(`the keys that ${replica.url} serve are published;`))
    await watch.runRound(3)
    assert.equal(isNamed(), false)
    await watch.runRound(3)
    assert.equal(isNamed(), true)
    const next = await sharedSigningKey('next')
    replica.keys.replace({ signing: next, published: [next, old] })
    await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old, next))
  })
})

suite('a CA bundle that has several CAs before the first start', () => {
  test('raises an alarm that names them for as long as the process runs, and none where --accept-ca names them', async (t) => {
    const watch = await startTestWatch(t, { caFile: true })
    const other = await createCertificateAuthority()
    await watch.writeCaBundle(watch.sandbox.authority.ca, other.ca)
    await watch.startAgain()
    const state = await watch.runRound(3)
    assert.deepEqual(reasons(state), ['AUTHORITY_CHANGED'])
    const alarm = alarmOf(state, 'AUTHORITY_CHANGED')
    assert.ok(alarm.includes('had several CAs when they were recorded first'), alarm)
    assert.ok(alarm.includes(fingerprintOf(other)), alarm)
    await watch.startAgain({ cas: [watch.sandbox.authority, other].map(fingerprintOf) })
    assert.deepEqual(reasons(await watch.runRound(2)), [])
  })
})

suite('a CA bundle that is changed, with an API server of the added CA in an EndpointSlice', () => {
  const start = async (t: TestContext) => {
    const watch = await startTestWatch(t, { caFile: true })
    const old = watch.sandbox.cluster.keys.current
    assert.deepEqual(reasons(await watch.runRound()), [])
    const [attacker, forged] = [await createCertificateAuthority(), await sharedSigningKey('forged')]
    const attack = async () => {
      await watch.writeCaBundle(watch.sandbox.authority.ca, attacker.ca)
      return await watch.addReplica(t, { keys: { signing: forged, published: [old, forged] } }, attacker)
    }
    return { watch, old, attacker, forged, attack }
  }

  test('raises an alarm while the watch runs, and the API server is sent no credential', async (t) => {
    const { watch, old, attacker, attack } = await start(t)
    const server = await attack()
    const state = await watch.runRound(5)
    assert.deepEqual(watch.published(), sorted(old))
    assert.deepEqual(new Set(reasons(state)), new Set(['AUTHORITY_CHANGED', 'API_SERVER_UNREADABLE']))
    const alarm = alarmOf(state, 'AUTHORITY_CHANGED')
    assert.ok(alarm.includes(`since pullpass started (added ${fingerprintOf(attacker)})`), alarm)
    assert.match(alarmOf(state, 'API_SERVER_UNREADABLE'), /^CERTIFICATE_UNTRUSTED/)
    assert.deepEqual(server.seen, [])
  })

  test('raises an alarm after a restart too, and the key is not published: its CA is not among the recorded ones', async (t) => {
    const { watch, old, attacker, attack } = await start(t)
    const server = await attack()
    await watch.startAgain()
    const state = await watch.runRound(5)
    assert.deepEqual(watch.published(), sorted(old))
    assert.deepEqual(new Set(reasons(state)), new Set(['AUTHORITY_CHANGED', 'API_SERVER_UNREADABLE']))
    assert.ok(alarmOf(state, 'AUTHORITY_CHANGED').includes(`recorded or accepted (SHA-256 ${fingerprintOf(attacker)})`))
    assert.deepEqual(server.seen, [])
  })

  test('in place of the cluster’s own: after a restart no key is published on its word', async (t) => {
    const { watch, old, attacker, attack } = await start(t)
    await attack()
    await watch.writeCaBundle(attacker.ca)
    const state = await watch.runRound()
    assert.deepEqual(watch.published(), sorted(old)) // it goes on with the CA of its start
    assert.deepEqual(new Set(reasons(state)), new Set(['AUTHORITY_CHANGED', 'API_SERVER_UNREADABLE']))
  })

  test('with a forged record: --accept-ca names the trusted CAs, regardless of the record', async (t) => {
    const { watch, old, attacker, attack } = await start(t)
    await attack()
    const forge = (cas: string[]) => {
      const keyState = watch.sandbox.cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
      assert.ok(keyState)
      watch.sandbox.cluster.store.put({
        ...keyState,
        data: { ...watch.keyEntries(), ...watch.recorded(), authorities: JSON.stringify(cas) },
      })
    }
    forge([fingerprintOf(watch.sandbox.authority), fingerprintOf(attacker)])
    const state = await watch.runRound()
    assert.ok(state.status.alarms.some(({ seen }) => seen.startsWith('the record of trusted CAs')))
    assert.equal(watch.recorded()['authorities'], JSON.stringify([fingerprintOf(watch.sandbox.authority)]))
    forge([fingerprintOf(watch.sandbox.authority), fingerprintOf(attacker)])
    await watch.startAgain({ cas: [fingerprintOf(watch.sandbox.authority)] })
    await watch.runRound(5)
    assert.deepEqual(watch.published(), sorted(old))
  })
})

suite('a legitimate rotation of the cluster’s CA', () => {
  test('is an alarm until pullpass is started with the new CA accepted; then new keys are published again', async (t) => {
    const watch = await startTestWatch(t, { caFile: true })
    const old = watch.sandbox.cluster.keys.current
    await watch.runRound()
    const nextCa = await createCertificateAuthority()
    await watch.writeCaBundle(watch.sandbox.authority.ca, nextCa.ca)
    assert.deepEqual(reasons(await watch.runRound()), ['AUTHORITY_CHANGED'])
    const moved = await watch.addReplica(t, { keys: { signing: old, published: [old] } }, nextCa)
    assert.deepEqual(reasons(await watch.runRound()), ['API_SERVER_UNREADABLE', 'AUTHORITY_CHANGED'])
    await watch.startAgain({ cas: [watch.sandbox.authority, nextCa].map(fingerprintOf) })
    assert.deepEqual(reasons(await watch.runRound()), [])
    const next = await sharedSigningKey('next')
    moved.keys.replace({ signing: next, published: [next, old] })
    watch.sandbox.cluster.keys.replace({ signing: old, published: [next, old] })
    assert.deepEqual(reasons(await watch.runRound()), [])
    assert.deepEqual(watch.published(), sorted(old, next))
    await watch.startAgain()
    assert.deepEqual(reasons(await watch.runRound()), [])
  })
})
