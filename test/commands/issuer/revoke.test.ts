import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { manyLabels } from '../../../e2e/contract/kubernetes-cluster.ts'
import { type SigningKey, sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { digestOf } from '../../../src/publish/key-state.ts'
import { startTestWatch, type TestWatch } from '../../issuer/watch/test-watch.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'

const to = ['--to', 'gs://example-cluster']
const revoke = (watch: TestWatch, keyId: string, ...flags: string[]) =>
  runPullpass(watch.sandbox, ['issuer', 'revoke', ...to, ...flags, '--', keyId]) // a kid can begin with a hyphen

/** After a rotation: the old key is still public, the new one signs; the watch has recorded both. */
async function rotate(watch: TestWatch): Promise<{ old: SigningKey; next: SigningKey }> {
  const { keys } = watch.sandbox.cluster
  const old = keys.current
  const next = await keys.add()
  keys.signWith(next)
  await watch.runRound()
  assert.equal(watch.published()?.length, 2)
  return { old, next }
}

/** Another client writes the key state. */
function forge({ sandbox: { cluster } }: TestWatch, data: Record<string, string>): void {
  const keyState = cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
  if (keyState) cluster.store.remove(keyState)
  cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
    data,
  })
}

suite('pullpass issuer revoke', () => {
  test('removes a key immediately, and neither watch nor publish adds it again, although the cluster serves it', async (t) => {
    const watch = await startTestWatch(t)
    const { old, next } = await rotate(watch)
    const { exitCode, stdout } = await revoke(watch, old.kid)
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`${old.kid} +RSA 2048 +withdrawn`))
    assert.deepEqual(watch.published(), [next.kid])

    await watch.runRound(5) // it was last seen longer ago than a key has to be missing
    assert.deepEqual(watch.published(), [next.kid])
    watch.restart()
    await watch.runRound()
    const published = await runPullpass(watch.sandbox, ['issuer', 'publish', ...to])
    assert.equal(published.exitCode, 0, published.stderr)
    assert.deepEqual(watch.published(), [next.kid])
  })

  test('a second time changes nothing, and succeeds', async (t) => {
    const watch = await startTestWatch(t)
    const { old, next } = await rotate(watch)
    await revoke(watch, old.kid)
    const recorded = watch.keyEntries()
    const { exitCode, stdout } = await revoke(watch, old.kid)
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`^revoked +${old.kid}, already revoked since 20\\d\\d-[-:.T\\d]+Z$`, 'm'))
    assert.deepEqual(watch.keyEntries(), recorded)
    assert.deepEqual(watch.published(), [next.kid])
  })

  test('of a key that a forged revocation names with another key, the real key is recorded', async (t) => {
    const watch = await startTestWatch(t)
    const { old, next } = await rotate(watch)
    const { publicKey } = await sharedSigningKey('another')
    const name = `revoked.${digestOf(old.kid)}`
    for (const key of [{}, { ...publicKey.export({ format: 'jwk' }), kid: old.kid }]) {
      forge(watch, { ...watch.keyEntries(), [name]: JSON.stringify({ kid: old.kid, key }) })
      await watch.runRound()
      assert.equal((await revoke(watch, old.kid)).exitCode, 0)
      for (const rounds of [0, 2]) {
        await watch.runRound(rounds)
        const { key: written }: { key: { n: string } } = JSON.parse(watch.keyEntries()[name] ?? '')
        assert.equal(written.n, old.publicKey.export({ format: 'jwk' }).n)
        assert.deepEqual(watch.published(), [next.kid])
      }
    }
  })

  test('the signing key is not revoked without --yes, because all pulls can fail', async (t) => {
    const watch = await startTestWatch(t)
    const { old, next } = await rotate(watch)
    const { exitCode, stderr } = await revoke(watch, next.kid)
    assert.equal(exitCode, 1)
    assert.match(stderr, new RegExp(`^KEY_IN_USE \\(publish\\): key "${next.kid}" signs the cluster's tokens now`))
    assert.equal(watch.published()?.length, 2)
    assert.equal(
      Object.keys(watch.keyEntries()).some((name) => name.startsWith('revoked.')),
      false,
    )

    assert.equal((await revoke(watch, next.kid, '--yes')).exitCode, 0)
    assert.deepEqual(watch.published(), [old.kid])
    const state = await watch.runRound()
    assert.deepEqual(
      state.status.alarms.map(({ code }) => code),
      ['KEY_REVOKED', 'KEY_UNPUBLISHED'],
    )
    const hint =
      'it was revoked, and is not published again: configure another signing key in each API server (--service-account-signing-key-file)'
    assert.equal(state.status.alarms[1]?.hint, hint)
  })

  test('of the only key leaves an empty JWKS, with --yes', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound()
    const { kid } = watch.sandbox.cluster.keys.current
    assert.equal((await revoke(watch, kid)).exitCode, 1)
    const { exitCode, stdout, stderr } = await revoke(watch, kid, '--yes')
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^token +pending +the cluster still signs with the revoked key: every exchange is refused/m)
    assert.deepEqual(watch.published(), [])
    const again = await revoke(watch, kid)
    assert.equal(again.exitCode, 0, again.stderr)
    assert.match(again.stdout, new RegExp(`^revoked +${kid}, already revoked since `, 'm'))
    assert.doesNotMatch(again.stdout, /^KEY /m)
    const { keys } = watch.sandbox.cluster
    keys.signWith(await keys.add())
    await watch.runRound()
    assert.deepEqual(watch.published(), [keys.current.kid])
  })

  test('an unknown kid is refused, with the known ones, the signing key last', async (t) => {
    const watch = await startTestWatch(t)
    const { old, next } = await rotate(watch)
    const { exitCode, stderr } = await revoke(watch, 'unknown')
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KEY_UNKNOWN \(publish\): no served, published or recorded key has kid "unknown"\n/)
    assert.ok(stderr.includes(`known: key "${old.kid}", key "${next.kid}" (it signs now)\n`), stderr)
  })

  test('takes a KID that begins with a hyphen in any position', async (t) => {
    const { sandbox } = await startTestWatch(t)
    const kid = '-ZrNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg'
    for (const [keyId, argv] of [
      [kid, [kid, ...to]],
      [kid, [...to, '--', kid]],
      ['--rNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg', [...to, '--rNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg']],
      ['-0123456789abcdef012345', [...to, '-0123456789abcdef012345']],
    ] as const) {
      const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'revoke', ...argv])
      assert.equal(exitCode, 1)
      const seen = `KEY_UNKNOWN (publish): no served, published or recorded key has kid "${keyId}"`
      assert.ok(stderr.startsWith(seen), stderr)
    }
  })

  const invalid: Record<string, [argv: string[], message: RegExp]> = {
    'with a short KID that begins with a hyphen': [
      ['-abc', ...to],
      /^USAGE_INVALID \(run\): unknown flag -a\n {2}expected KID as an argument, after -- if it begins with "-": pullpass issuer revoke --to TARGET -- KID\n/,
    ],
    'without a KID': [to, /^USAGE_INVALID \(run\): KID is missing\n {2}expected one kid of issuer show/],
    'with two KIDs': [[...to, 'one', 'two'], /^USAGE_INVALID \(run\): unexpected argument "two"\n/],
    'without a target': [['one'], /^USAGE_INVALID \(run\): --to is missing\n {2}expected the publish target/],
    'with a target that is none': [['one', '--to', 'ftp://x'], /^USAGE_INVALID \(run\): the target is "ftp:\/\/x"\n/],
  }
  test('is invalid usage, with exit code 2', async (t) => {
    const sandbox = await startTestSandbox(t)
    for (const [title, [argv, message]] of Object.entries(invalid)) {
      const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'revoke', ...argv])
      assert.equal(exitCode, 2, title)
      assert.match(stderr, message, title)
    }
  })

  test('a dry run for the signing key warns that every exchange is refused', async (t) => {
    const watch = await startTestWatch(t)
    const { next, old } = await rotate(watch)
    const warning = `key "${next.kid}" signs the cluster's tokens now: once it is revoked, every exchange is refused until the API servers sign with another key, and pull secrets expire within the hour`
    const { stdout } = await revoke(watch, next.kid, '--yes', '--dry-run')
    assert.ok(stdout.includes(`\n\nwarning: ${warning}`), stdout)
    const json = await revoke(watch, next.kid, '--yes', '--dry-run', '-o', 'json')
    assert.deepEqual(JSON.parse(json.stdout).warnings, [warning])
    assert.doesNotMatch((await revoke(watch, old.kid, '--dry-run')).stdout, /warning/)
  })

  test('a dry run shows it and changes nothing', async (t) => {
    const watch = await startTestWatch(t)
    const { old } = await rotate(watch)
    const recorded = watch.keyEntries()
    const { exitCode, stdout } = await revoke(watch, old.kid, '--dry-run')
    assert.equal(exitCode, 0)
    assert.match(stdout, /withdrawn/)
    assert.equal(watch.published()?.length, 2)
    assert.deepEqual(watch.keyEntries(), recorded)
  })

  test('where the revocation cannot be recorded, nothing is changed: the next merge would undo it', async (t) => {
    const watch = await startTestWatch(t)
    const { old } = await rotate(watch)
    watch.sandbox.cluster.authorization.forbid({ verbs: ['patch', 'create'], resources: ['configmaps'] })
    const { exitCode, stderr } = await revoke(watch, old.kid)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^KUBERNETES_FORBIDDEN .*\n.*\n.*resourceNames: \[pullpass-issuer\], verbs: \[patch\]/)
    assert.equal(watch.published()?.length, 2)
  })

  test('where labels fill the ConfigMap, it fails without a retry, changes nothing, and prints the command that removes them', async (t) => {
    const watch = await startTestWatch(t)
    const { old } = await rotate(watch)
    const { store } = watch.sandbox.cluster
    const state = store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
    assert.ok(state)
    store.put({ ...state, metadata: { ...state.metadata, labels: manyLabels(4_294) } })
    const patches: string[] = []
    const count = ({ method, path }: { method: string; path: string }) => {
      if (method === 'PATCH') patches.push(path)
      return false
    }
    watch.sandbox.parts.kubernetes.faults.inject({ kind: 'reset', at: 'request' }, { when: count })
    const { exitCode, stderr } = await revoke(watch, old.kid)
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^OBJECT_TOO_LARGE \(kubernetes\): ConfigMap pullpass-system\/pullpass-issuer would be larger than the cluster stores: "etcdserver: request is too large"\n/,
    )
    assert.match(stderr, /^ {2}fix: .*; remove what pullpass did not write: kubectl -n pullpass-system get configmap /m)
    assert.equal(patches.length, 1)
    assert.equal(watch.published()?.length, 2)
  })

  test('where the namespace of the key state does not exist, the fix is to create it or to name another', async (t) => {
    const watch = await startTestWatch(t)
    const { old } = await rotate(watch)
    const { exitCode, stderr } = await revoke(watch, old.kid, '--key-state', 'absent/keys')
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^NAMESPACE_NOT_FOUND .*: namespace absent does not exist: ConfigMap absent\/keys could not be/,
    )
    assert.match(
      stderr,
      /^ {2}fix: .*--key-state NAMESPACE\/NAME\), or create the namespace: kubectl create namespace absent$/m,
    )
    assert.equal(watch.published()?.length, 2)
  })

  test('publish uploads the keys of every API server', async (t) => {
    const watch = await startTestWatch(t)
    const next = await sharedSigningKey('next')
    await watch.addReplica(t, { keys: { signing: next, published: [next] } })
    const { exitCode, stderr } = await runPullpass(watch.sandbox, ['issuer', 'publish', ...to])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(watch.published(), [watch.sandbox.cluster.keys.current.kid, next.kid].toSorted())
  })

  const publishers: Record<string, (watch: TestWatch) => Promise<unknown>> = {
    publish: async ({ sandbox }) =>
      assert.equal((await runPullpass(sandbox, ['issuer', 'publish', ...to])).exitCode, 0),
    'a round of issuer watch': async ({ runRound }) => await runRound(),
  }
  for (const [title, publish] of Object.entries(publishers)) {
    test(`a key that is revoked while ${title} is under way does not stay public`, async (t) => {
      const watch = await startTestWatch(t)
      const { cluster, gcp } = watch.sandbox
      const leaked = cluster.keys.current
      cluster.keys.signWith(await cluster.keys.add())
      const metadata = { namespace: 'pullpass-system', name: 'pullpass-issuer' }
      const data = { [`revoked.${digestOf(leaked.kid)}`]: '{}' }
      const isThere = () => cluster.store.read('ConfigMap', metadata.namespace, metadata.name) !== undefined
      const revokeMeanwhile = ({ path }: { path: string }) => {
        if (path.startsWith('/upload/') && !isThere())
          cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
        return false
      }
      gcp.parts.storage.faults.inject(
        { kind: 'response', response: { status: 500, body: '' } },
        { when: revokeMeanwhile },
      )
      await publish(watch)
      assert.deepEqual(watch.published(), [cluster.keys.current.kid])
    })
  }

  test('publish writes nothing without permission to read revocations, and names the permission', async (t) => {
    const watch = await startTestWatch(t)
    await watch.runRound()
    watch.sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['configmaps'] })
    watch.sandbox.gcp.store.remove('example-cluster', 'openid/v1/jwks')
    const { exitCode, stderr } = await runPullpass(watch.sandbox, ['issuer', 'publish', ...to])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^KUBERNETES_FORBIDDEN \(kubernetes\): .*\n {2}expected the right to get ConfigMap pullpass-system\/pullpass-issuer\n/,
    )
    assert.equal(watch.published(), undefined)
  })
})
