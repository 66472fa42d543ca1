import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type DocumentTextOptions, documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { applyAs, dockerConfigData, patchAs } from './write-as.ts'

const write = (sandbox: TestSandbox, options?: DocumentTextOptions) =>
  sandbox.write('pull.yaml', documentText(sandbox, options))

/** A refresh of both namespaces, and a document that selects only team-a. */
async function startUnselected(
  t: Parameters<typeof startTestSandbox>[0],
  options?: DocumentTextOptions,
): Promise<{ sandbox: TestSandbox; file: string }> {
  const sandbox = await startTestSandbox(t)
  await runPullpass(sandbox, ['refresh', '-f', await write(sandbox, options)])
  return { sandbox, file: await write(sandbox, { ...options, include: ['team-a'] }) }
}

const deletions = ({ parts }: TestSandbox) =>
  parts.kubernetes.seen.filter(({ method }) => method === 'DELETE').map(({ path }) => path)

suite('pullpass refresh --prune', () => {
  test('deletes the Secret of a namespace that the document no longer selects, and its entries in service accounts', async (t) => {
    const { sandbox, file } = await startUnselected(t, { more: '  attachToServiceAccounts: [default]' })
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.deepEqual([exitCode, stderr], [0, ''])
    const note = /team-b\/regcred +deleted +the document no longer selects the namespace; detached from default$/m
    assert.match(stdout, note)
    assert.equal(readPullSecret(sandbox, 'team-b'), undefined)
    assert.notEqual(readPullSecret(sandbox, 'team-a'), undefined)
    const entries = (namespace: string) =>
      sandbox.cluster.store.read('ServiceAccount', namespace, 'default')?.['imagePullSecrets'] ?? []
    assert.deepEqual([entries('team-a'), entries('team-b')], [[{ name: 'regcred' }], []])
  })

  test('deletes nothing without the flag', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual(deletions(sandbox), [])
  })

  test('deletes Secrets under a former secretName', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh', '-f', await write(sandbox)])
    const file = await sandbox.write('pull.yaml', documentText(sandbox).replace('regcred', 'images'))
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune', '-o', 'json'])
    const results = JSON.parse(stdout).secrets.map(({ namespace, name, result }: Record<string, string>) =>
      [namespace, name, result].join(' '),
    )
    assert.deepEqual(results, [
      'team-a images created',
      'team-b images created',
      'team-a regcred deleted',
      'team-b regcred deleted',
    ])
    assert.equal(readPullSecret(sandbox, 'team-a'), undefined)
  })

  test('a dry run stores nothing, and states what would be deleted', async (t) => {
    const { sandbox, file } = await startUnselected(t, { more: '  attachToServiceAccounts: [default]' })
    const command = ['refresh', '-f', file, '--prune', '--dry-run'] as const
    const { stdout } = await runPullpass(sandbox, [...command, '-o', 'json'])
    const { result, serviceAccounts } = JSON.parse(stdout).secrets[1]
    assert.deepEqual([result, serviceAccounts], ['would-delete', [{ name: 'default', result: 'would-detach' }]])
    const table = await runPullpass(sandbox, command)
    assert.match(table.stdout, /team-b\/regcred +would-delete +.* namespace; would be detached from default$/m)
    assert.notEqual(readPullSecret(sandbox, 'team-b'), undefined)
  })

  test('a Secret that another client has changed stays', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    await patchAs(sandbox, 'team-b', 'kubectl-edit', { data: dockerConfigData('registry.example', 'by:hand') })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.deepEqual([exitCode, deletions(sandbox)], [0, []])
    assert.doesNotMatch(stdout, /team-b/)
  })

  test('a Secret that a custom resource of the same name owns stays', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    const [apiVersion, kind, name] = ['pullpass.dev/v1alpha1', 'ClusterPullSecret', 'pull']
    sandbox.cluster.installDefinitions()
    const { uid } = sandbox.cluster.seed({ apiVersion, kind, metadata: { name } }).metadata
    const owner = { apiVersion, kind, name, uid }
    const { managers: [manager = ''] = [], labels, annotations } = readPullSecret(sandbox, 'team-b') ?? {}
    const stored = sandbox.cluster.store.read('Secret', 'team-b', 'regcred')
    await applyAs(sandbox, 'team-b', manager, {
      metadata: { labels, annotations, ownerReferences: [owner] },
      type: stored?.['type'],
      data: stored?.['data'],
    })
    await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.notEqual(readPullSecret(sandbox, 'team-b'), undefined)
  })

  test('a Secret of a document that is not passed stays', async (t) => {
    const { sandbox } = await startUnselected(t)
    const other = await write(sandbox, { name: 'other', include: ['default'] })
    const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', other, '--prune'])
    assert.deepEqual([exitCode, deletions(sandbox)], [0, []])
  })

  test('a Secret that another of the documents selects stays', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    const other = await sandbox.write(
      'other.yaml',
      documentText(sandbox, { name: 'other', include: ['team-b'], registries: { none: { host: 'gcr.io' } } }),
    )
    const { stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '-f', other, '--prune'])
    assert.match(stderr, /^SECRET_NOT_OURS/m)
    assert.deepEqual(deletions(sandbox), [])
  })

  test('a document that fails deletes nothing', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'team-a' })
    const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.deepEqual([exitCode, deletions(sandbox)], [1, []])
  })

  test('a document that selects no namespace deletes nothing, unless that is allowed', async (t) => {
    const { sandbox } = await startUnselected(t)
    const none = await write(sandbox, { include: ['nothing-*'] })
    assert.equal((await runPullpass(sandbox, ['refresh', '-f', none, '--prune'])).exitCode, 1)
    assert.deepEqual(deletions(sandbox), [])
    await runPullpass(sandbox, ['refresh', '-f', none, '--prune', '--allow-empty'])
    assert.deepEqual(
      deletions(sandbox),
      ['team-a', 'team-b'].map((namespace) => `/api/v1/namespaces/${namespace}/secrets/regcred`),
    )
  })

  test('a document with a glob that matches no namespace deletes nothing, unless that is allowed', async (t) => {
    const { sandbox } = await startUnselected(t)
    const misspelled = await write(sandbox, { include: ['team-a', 'taem-*'] })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', misspelled, '--prune'])
    assert.deepEqual([exitCode, deletions(sandbox)], [0, []])
    assert.match(
      stdout,
      /team-b\/regcred +skipped +it is no longer selected, and was not deleted: no namespace matches "taem-\*": correct it, or use --allow-empty$/m,
    )
    await runPullpass(sandbox, ['refresh', '-f', misspelled, '--prune', '--allow-empty'])
    assert.deepEqual(deletions(sandbox), ['/api/v1/namespaces/team-b/secrets/regcred'])
  })

  test('the Secret of a namespace that is created meanwhile stays', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await write(sandbox, { include: ['team-*'] })
    await runPullpass(sandbox, ['refresh', '-f', file])
    const stored = sandbox.cluster.store.read('Secret', 'team-b', 'regcred')
    assert.ok(stored !== undefined)
    const { labels = {}, annotations, managedFields = [] } = stored.metadata
    const metadata = {
      name: 'regcred',
      namespace: 'team-c',
      labels,
      managedFields,
      annotations: { ...annotations, 'pullpass.dev/target': 'team-c/regcred' },
    }
    // As another run does between the lists of namespaces and of Secrets.
    const create = () => {
      sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-c' } })
      sandbox.cluster.seed({ ...stored, metadata })
    }
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'latency', ms: 0 },
      {
        when({ path }) {
          if (path !== '/api/v1/secrets' || sandbox.cluster.store.read('Namespace', '', 'team-c') !== undefined)
            return false
          create()
          return true
        },
      },
    )
    const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.deepEqual([exitCode, deletions(sandbox)], [0, []])
    assert.notEqual(readPullSecret(sandbox, 'team-c'), undefined)
  })

  test('if the namespaces of a document are gone meanwhile, nothing is deleted', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await write(sandbox, { include: ['team-*'] })
    await runPullpass(sandbox, ['refresh', '-f', file])
    let lists = 0
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 200, body: { kind: 'NamespaceList', metadata: {}, items: [] } } },
      { when: ({ path }) => path === '/api/v1/namespaces' && ++lists > 1 },
    )
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.deepEqual([lists, deletions(sandbox)], [2, []])
    assert.match(
      stdout,
      /team-a\/regcred +skipped +it is no longer selected, and was not deleted: no namespace matches "team-\*"/,
    )
  })

  test('if Secrets cannot be listed, what was refreshed is reported too', async (t) => {
    const { sandbox, file } = await startUnselected(t)
    sandbox.cluster.authorization.forbid({ verbs: ['delete'], resources: ['secrets'] })
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--prune'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /team-a\/regcred +google +updated/)
    assert.match(stdout, /team-b\/regcred +failed +it is no longer selected, and was not deleted$/m)
    assert.match(stderr, /^KUBERNETES_FORBIDDEN \(kubernetes\): .* cannot delete resource "secrets"/m)
  })

  test('is refused without documents', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '--prune'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--prune is set without -f/)
  })
})
