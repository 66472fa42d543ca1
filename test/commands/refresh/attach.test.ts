import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const attaching = (sandbox: TestSandbox, accounts: string) =>
  sandbox.write('pull.yaml', documentText(sandbox, { more: `  attachToServiceAccounts: [${accounts}]` }))

const pullSecretsOf = ({ cluster }: TestSandbox, namespace: string, name = 'default') =>
  cluster.store.read('ServiceAccount', namespace, name)?.['imagePullSecrets']

function seedAccount({ cluster }: TestSandbox, namespace: string, pullSecrets: readonly string[]): void {
  cluster.seed({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name: 'default' },
    imagePullSecrets: pullSecrets.map((name) => ({ name })),
  })
}

const accountPatches = ({ parts }: TestSandbox) =>
  parts.kubernetes.seen.filter(({ method, path }) => method === 'PATCH' && path.includes('/serviceaccounts/'))

suite('attachToServiceAccounts', () => {
  test('adds the Secret to each account, and keeps other entries', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedAccount(sandbox, 'team-a', ['theirs', 'also-theirs'])
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', await attaching(sandbox, 'default')])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [
      { name: 'theirs' },
      { name: 'also-theirs' },
      { name: 'regcred' },
    ])
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'regcred' }])
    assert.equal(pullSecretsOf(sandbox, 'default'), undefined)
  })

  test('changes no account in a second run', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await attaching(sandbox, 'default')
    await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(accountPatches(sandbox).length, 2)
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    assert.equal(accountPatches(sandbox).length, 2)
    assert.deepEqual(JSON.parse(stdout).secrets[0].serviceAccounts, [{ name: 'default', result: 'unchanged' }])
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [{ name: 'regcred' }])
  })

  test('also changes the accounts of fresh Secrets, without an exchange', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', documentText(sandbox))])
    const file = await attaching(sandbox, 'default')
    await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [{ name: 'regcred' }])
    assert.equal(sandbox.gcp.parts.sts.seen.length, 1)
  })

  test('skips an account that does not exist in a namespace', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await attaching(sandbox, 'builder, default')
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    assert.equal(exitCode, 0)
    assert.deepEqual(JSON.parse(stdout).secrets[1].serviceAccounts, [
      { name: 'builder', result: 'absent' },
      { name: 'default', result: 'attached' },
    ])
  })

  test('reports what it attached, and warns once of a name without any account', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await attaching(sandbox, 'defualt, default')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    for (const namespace of ['team-a', 'team-b']) {
      const note = 'service account defualt does not exist; attached to default'
      assert.match(stdout, new RegExp(`${namespace}/regcred +google +created .*  ${note}\n`))
    }
    assert.equal(
      stderr,
      '2026-11-24T12:00:00.000Z warn a service account does not exist document="ClusterPullSecret/pull" serviceAccount="defualt" namespace="team-a" namespaces=2\n',
    )
    const again = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.doesNotMatch(again.stdout, /attached/)
  })

  test('logs an account that some namespaces lack, without a warning', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'team-a', name: 'builder' },
    })
    const file = await attaching(sandbox, 'builder')
    assert.equal((await runPullpass(sandbox, ['refresh', '-f', file])).stderr, '')
    const { stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--log-level', 'info'])
    const expected = 'info a service account does not exist document="ClusterPullSecret/pull" serviceAccount="builder"'
    assert.ok(stderr.includes(`${expected} namespace="team-b" namespaces=1\n`), stderr)
  })

  test('without the right to change an account fails, and still writes the Secret', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['serviceaccounts'], namespace: 'team-a' })
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', await attaching(sandbox, 'default')])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^KUBERNETES_FORBIDDEN \(kubernetes\): .*\n {2}expected the right to patch ServiceAccount team-a\/default\n/,
    )
    assert.ok(readPullSecret(sandbox, 'team-a'))
    assert.equal(pullSecretsOf(sandbox, 'team-a'), undefined)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'regcred' }])
  })

  test('without the right to read accounts of one namespace fails in that namespace only', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['serviceaccounts'], namespace: 'team-a' })
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', await attaching(sandbox, 'default')])
    assert.equal(exitCode, 1)
    assert.match(stderr, /\n {2}expected the right to list ServiceAccount team-a\/default\n/)
    assert.ok(readPullSecret(sandbox, 'team-a'))
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'regcred' }])
  })

  test('adds no Secret that does not exist', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'team-a' })
    await runPullpass(sandbox, ['refresh', '-f', await attaching(sandbox, 'default')])
    assert.equal(pullSecretsOf(sandbox, 'team-a'), undefined)
  })

  test('in a dry run changes no account', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await attaching(sandbox, 'default')
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--dry-run', '-o', 'json'])
    assert.equal(exitCode, 0)
    const [{ serviceAccounts, notes }] = JSON.parse(stdout).secrets
    assert.deepEqual(
      [serviceAccounts, notes],
      [[{ name: 'default', result: 'would-attach' }], ['would be attached to default']],
    )
    assert.equal(pullSecretsOf(sandbox, 'team-a'), undefined)
  })
})
