import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { digestOf } from '../../../src/publish/key-state.ts'
import { addReplica } from '../../support/add-replica.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, runTrust, type TrustDocument } from './run-trust.ts'

const apply = ['apply', '--yes']
const uploading: TrustDocument = { trust: ['uploadKeys: Always'] }

const start = async (t: TestContext) => await startTestSandbox(t, { trust: 'absent', issuerDocuments: 'absent' })

function uploadedTo(sandbox: TestSandbox): string[] {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(Object(heldBy(sandbox).provider).oidc.jwksJson)
  return keys.map(({ kid }) => kid).toSorted()
}

/** The signing key leaked: another one signs instead, and the leaked one is still served. */
async function leakKey({ cluster: { keys } }: TestSandbox): Promise<{ leaked: string; next: string }> {
  const leaked = keys.current
  const next = await keys.add()
  keys.signWith(next)
  return { leaked: leaked.kid, next: next.kid }
}

const revokeIn = ({ cluster }: TestSandbox, namespace: string, kid: string) =>
  cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'pullpass-issuer' },
    data: { [`revoked.${digestOf(kid)}`]: '{}' },
  })

suite('keys that trust apply uploads', { concurrency: 4 }, () => {
  test('are those of every API server: a token of each is exchanged', async (t) => {
    const sandbox = await start(t)
    const next = await sharedSigningKey('next')
    await addReplica(t, sandbox, { keys: { signing: next, published: [next] } })
    const run = await runTrust(sandbox, apply, uploading)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(uploadedTo(sandbox), [sandbox.cluster.keys.current.kid, next.kid].toSorted())
  })

  test('are added to the existing ones while an API server cannot be queried, and replace none', async (t) => {
    const sandbox = await start(t)
    const next = await sharedSigningKey('next')
    const replica = await addReplica(t, sandbox, { keys: { signing: next, published: [next] } })
    await runTrust(sandbox, apply, uploading)
    const before = uploadedTo(sandbox)
    replica.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const run = await runTrust(sandbox, [...apply, '--replace', 'keys'], uploading)

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /an API server could not be queried: keys that only it serves are missing/)
    assert.match(
      run.stderr,
      /^TRUST_REFUSED \(trust\): .*its keys are not replaced while an API server is unreachable/m,
    )
    assert.deepEqual(uploadedTo(sandbox), before)
  })

  test('do not include a revoked key, although the cluster still serves it', async (t) => {
    const sandbox = await start(t)
    const { leaked, next } = await leakKey(sandbox)
    revokeIn(sandbox, 'pullpass-system', leaked)
    const run = await runTrust(sandbox, apply, uploading)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(uploadedTo(sandbox), [next])
  })

  test('no longer include a key that was revoked after its upload, after another apply', async (t) => {
    const sandbox = await start(t)
    await runTrust(sandbox, apply, uploading)
    const { leaked, next } = await leakKey(sandbox)
    revokeIn(sandbox, 'pullpass-system', leaked)
    const run = await runTrust(sandbox, apply, uploading)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.ok(run.stderr.includes(`: keys ${next} are added, revoked keys ${leaked} are removed\n`), run.stderr)
    assert.deepEqual(uploadedTo(sandbox), [next])
  })

  for (const [title, words, issuer] of [
    [
      'the document’s issuer.keyStateRef',
      [],
      [
        'issuer:',
        '  publishTo: gs://example-issuer/cluster',
        '  keyStateRef: {namespace: image-system, name: pullpass-issuer}',
      ],
    ],
    ['--key-state', ['--key-state', 'image-system/pullpass-issuer'], []],
  ] as const) {
    test(`do not include a key whose revocation is stored at ${title}`, async (t) => {
      const sandbox = await start(t)
      const { leaked, next } = await leakKey(sandbox)
      revokeIn(sandbox, 'image-system', leaked)
      const run = await runTrust(sandbox, [...apply, ...words], { ...uploading, spec: issuer })

      assert.equal(run.exitCode, 0, run.stderr)
      assert.deepEqual(uploadedTo(sandbox), [next])
    })
  }

  test('are not uploaded without uploadKeys in the document: --key-state is refused, with the name of the command', async (t) => {
    const sandbox = await start(t)
    const run = await runTrust(sandbox, [...apply, '--key-state', 'image-system/pullpass-issuer'])

    assert.equal(run.exitCode, 2)
    assert.match(
      run.stderr,
      /^USAGE_INVALID \(run\): --key-state has no effect: no keys are uploaded for these documents\n/,
    )
    assert.match(run.stderr, /\n {2}fix: pullpass trust apply --help\n/)
  })
})
